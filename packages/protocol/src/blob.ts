import { type Static, Type } from 'typebox';
import { Sha256 } from './names.ts';

/** A stored blob. */
export const Blob = Type.Object({ sha256: Sha256, sizeBytes: Type.Integer({ minimum: 0 }) });
export type Blob = Static<typeof Blob>;
