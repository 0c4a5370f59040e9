import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installFolder } from '../../scripts/install-folder.ts';

const folders = ['.', 'swagger-stats'].map((name) => fileURLToPath(new URL(name, import.meta.url)));
const [peers, swaggerStats] = folders as [string, string];

/** Loads a package of `bench/peers`; the caller states the part of its type that it uses. */
export const requirePeer: NodeJS.Require = createRequire(join(peers, 'package.json'));
/** The same for `swagger-stats`, which wants an older prom-client. */
export const requireSwaggerStats: NodeJS.Require = createRequire(join(swaggerStats, 'package.json'));

/** Installs what stands beside ours, unless it is there. */
export function installPeers(progress: (message: string) => void): void {
  for (const folder of folders) installFolder(folder, progress);
}
