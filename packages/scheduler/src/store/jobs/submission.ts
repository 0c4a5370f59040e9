import { createHash, randomUUID } from 'node:crypto';
import {
  formatShortCommandLine,
  type InputFile,
  type JobSubmission,
  limits,
  ProblemError,
} from '@weighbridge/protocol';
import { assertStorable } from '../storable.ts';

/** A submission with every default filled in, ready to be stored. */
export interface ResolvedSubmission {
  readonly id: string;
  readonly queue: string;
  readonly priority: number;
  readonly slots: number;
  /** ISO 8601 in UTC. */
  readonly startAfter: string | undefined;
  readonly timeoutSeconds: number;
  readonly leaseSeconds: number;
  readonly retryLimit: number;
  readonly retryBackoffSeconds: number;
  readonly lostRetryLimit: number;
  readonly command: string;
  /** What lists show of it. */
  readonly commandLine: string;
  readonly args: string[];
  readonly env: Record<string, string>;
  readonly inputs: InputFile[];
  readonly outputGlobs: string[];
  readonly optionalOutputGlobs: string[];
  readonly key: string | undefined;
  /** Keys of jobs of the same submission. */
  readonly dependsOn: string[];
  readonly idempotencyKey: string | undefined;
  /** Tells a repeated submission from another one with the same key. */
  readonly digest: string | undefined;
}

const sortKeys = (record: Record<string, string>) =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

function parseMoment(startAfter: string): string {
  const moment = new Date(startAfter);
  if (Number.isNaN(moment.getTime())) {
    throw new ProblemError(
      'invalid-request',
      `startAfter must be a moment in ISO 8601, got ${JSON.stringify(startAfter)}`,
    );
  }
  return moment.toISOString();
}

/** What the first version had: the digest of a submission that names nothing of later ones stays as it was. */
type ResolvedBody = Omit<
  ResolvedSubmission,
  'id' | 'idempotencyKey' | 'digest' | 'commandLine' | 'optionalOutputGlobs' | 'key' | 'dependsOn'
>;

/** Fills the defaults: queue `default`, priority 0, 1 slot, an hour, no retry but for lost attempts. */
export function resolveSubmission(submission: JobSubmission): ResolvedSubmission {
  assertStorable(submission, 'job');
  const { startAfter, leaseSeconds, lostRetryLimit, idempotencyKey, env, files, key, dependsOn } = submission;
  const body: ResolvedBody = {
    queue: submission.queue ?? 'default',
    priority: submission.priority ?? 0,
    slots: submission.slots ?? 1,
    startAfter: startAfter === undefined ? undefined : parseMoment(startAfter),
    timeoutSeconds: submission.timeoutSeconds ?? limits.defaultTimeoutSeconds,
    leaseSeconds: leaseSeconds ?? limits.defaultLeaseSeconds,
    retryLimit: submission.retryLimit ?? 0,
    retryBackoffSeconds: submission.retryBackoff ?? 0,
    lostRetryLimit: lostRetryLimit ?? limits.defaultLostRetryLimit,
    command: submission.command,
    args: submission.args ?? [],
    env: env === undefined ? {} : sortKeys(env),
    inputs: (files?.inputs ?? []).map(({ name, sha256 }) => ({ name, sha256 })),
    outputGlobs: files?.outputs ?? [],
  };
  const optionalOutputGlobs = files?.optionalOutputs ?? [];
  const given = { ...body, leaseSeconds, lostRetryLimit, key, dependsOn, optionalOutputs: files?.optionalOutputs };
  return {
    ...body,
    id: randomUUID(),
    idempotencyKey,
    digest: idempotencyKey === undefined ? undefined : computeDigest(given),
    commandLine: formatShortCommandLine(body.command, body.args, limits.summaryLength),
    optionalOutputGlobs,
    key,
    dependsOn: dependsOn ?? [],
  };
}

/** Of what was given, where the default may be another one when the submission is repeated with a later version. */
function computeDigest(body: object): string {
  return createHash('sha256').update(JSON.stringify(body)).digest('base64');
}
