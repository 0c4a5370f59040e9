import { createHash, randomUUID } from 'node:crypto';
import { type InputFile, type JobSubmission, limits, ProblemError } from '@weighbridge/protocol';
import { assertStorable } from './storable.ts';

/** What a job's row keeps in its `data`. `digest` tells a repeated submission from another one with the same key. */
export interface JobData {
  command: string;
  args: string[];
  env: Record<string, string>;
  files: { inputs: InputFile[]; outputs: string[] };
  slots: number;
  timeoutSeconds: number;
  retryLimit: number;
  startAfter?: string;
  digest?: string;
}

/** A submission with every default filled in, ready to be stored. */
export interface ResolvedSubmission {
  id: string;
  queue: string;
  priority: number;
  data: JobData;
  keyed: boolean;
}

/** Idempotency keys become job ids: pg-boss's key (name, id) then refuses the second of two. */
const keyNamespace = Buffer.from('5f0c7d6ad1c94c0fa3f7a9d2be0f6c11', 'hex');

/** RFC 9562 UUIDv5 of a queue and a key. */
export function idOfKey(queue: string, key: string): string {
  const hash = createHash('sha1').update(keyNamespace).update(`${queue}\0${key}`).digest().subarray(0, 16);
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const sortKeys = (record: Record<string, string>) =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

function dataOf(submission: JobSubmission): JobData {
  return {
    command: submission.command,
    args: submission.args ?? [],
    env: sortKeys(submission.env ?? {}),
    files: {
      inputs: (submission.files?.inputs ?? []).map(({ name, sha256 }) => ({ name, sha256 })),
      outputs: submission.files?.outputs ?? [],
    },
    slots: submission.slots ?? 1,
    timeoutSeconds: submission.timeoutSeconds ?? limits.defaultTimeoutSeconds,
    retryLimit: submission.retryLimit ?? 0,
    ...(submission.startAfter === undefined ? {} : { startAfter: momentOf(submission.startAfter) }),
  };
}

function momentOf(startAfter: string): string {
  const moment = new Date(startAfter);
  if (Number.isNaN(moment.getTime())) {
    throw new ProblemError(
      'invalid-request',
      `startAfter must be a moment in ISO 8601, got ${JSON.stringify(startAfter)}`,
    );
  }
  return moment.toISOString();
}

/** Fills the defaults: queue `default`, priority 0, 1 slot, no retry, an hour. */
export function resolveSubmission(submission: JobSubmission): ResolvedSubmission {
  assertStorable(submission, 'job');
  const { queue = 'default', priority = 0, idempotencyKey: key } = submission;
  const data = dataOf(submission);
  if (key === undefined) return { id: randomUUID(), queue, priority, data, keyed: false };
  data.digest = createHash('sha256')
    .update(JSON.stringify({ priority, ...data }))
    .digest('base64');
  return { id: idOfKey(queue, key), queue, priority, data, keyed: true };
}
