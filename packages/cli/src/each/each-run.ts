import { createHash } from 'node:crypto';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Client,
  fillFileName,
  type InputFile,
  isEnded,
  type Job,
  type JobSubmission,
  type JobSummary,
  limits,
  type OutputFile,
  ProblemError,
} from '@weighbridge/protocol';
import pMap from 'p-map';
import { download } from '../jobs/download.ts';
import { hashFile, uploadInput } from '../jobs/input-files.ts';
import { persist } from '../jobs/persist.ts';
import { formatEnding } from '../options/submission-options.ts';
import type { EachCounts } from './each-progress.ts';
import type { EachFile } from './expand-files.ts';

export interface EachOptions {
  readonly client: Client;
  readonly files: readonly EachFile[];
  /** Command and arguments; `{}` is the file's name, `{.}` the name without its extension. */
  readonly words: readonly string[];
  /** What each job has besides its command and its file. */
  readonly common: Omit<JobSubmission, 'command' | 'args' | 'idempotencyKey'>;
  /** Files that every job gets. */
  readonly sharedInputs: readonly InputFile[];
  /** Tells one run of the same command over the same files from another. */
  readonly runName: string;
  /** Where the files go that come back. */
  readonly to: string;
  /** Tries again what failed in an earlier run. */
  readonly rerunFailed: boolean;
  readonly counts: EachCounts;
  readonly onChange: () => void;
  readonly signal: AbortSignal;
}

/** A file whose job did not succeed, or whose results could not be fetched. */
export interface FailedFile {
  readonly file: string;
  /** Absent where none was submitted. */
  readonly job?: string;
  readonly reason: string;
}

/** Transfers and calls at a time: a master answers hundreds of small ones a second, and large files share the line anyway. */
const concurrency = 8;
const shortestLookMs = 200;
const longestLookMs = 1000;

/** One job for each file: uploads, submits, waits, fetches what comes back. Whatever was done before is not done again. */
export class EachRun {
  readonly #options: EachOptions;
  /** Files whose jobs have not ended, by the job. Two that are the same in name and content share one. */
  readonly #waiting = new Map<string, EachFile[]>();
  readonly #fetches: Promise<void>[] = [];
  /** Which file's job wrote each path. */
  readonly #written = new Map<string, string>();
  readonly failures: FailedFile[] = [];
  #isSubmitting = true;

  constructor(options: EachOptions) {
    this.#options = options;
  }

  /** @throws the signal's reason when it is interrupted; what no file can be blamed for. */
  async run(): Promise<void> {
    const { files, signal } = this.#options;
    const submitting = pMap(files, (file) => this.#submit(file), { concurrency, signal }).finally(() => {
      this.#isSubmitting = false;
    });
    await Promise.all([submitting, this.#watch()]);
    await Promise.all(this.#fetches);
  }

  async #submit(file: EachFile): Promise<void> {
    const { client, counts, signal } = this.#options;
    try {
      const input = await uploadInput(client, file, counts.uploads);
      const submission = this.#describe(file, input);
      const job = await this.#rerun(await persist(() => client.submit(submission), signal));
      this.#waiting.set(job.id, [...(this.#waiting.get(job.id) ?? []), file]);
      counts.submitted += 1;
    } catch (error) {
      // Anything else would befall every file.
      if (!(error instanceof ProblemError) || error.status === 401 || error.code === 'storage-full') throw error;
      this.#fail([file], undefined, error.message);
    }
    this.#options.onChange();
  }

  #describe({ name }: EachFile, input: InputFile): JobSubmission {
    const { words, common, sharedInputs, runName } = this.#options;
    const [command = '', ...args] = words.map((word) => fillFileName(word, name));
    const submission = { ...common, command, args, files: { ...common.files, inputs: [input, ...sharedInputs] } };
    const digest = createHash('sha256')
      .update(JSON.stringify([runName, submission]))
      .digest('hex');
    return { ...submission, idempotencyKey: `each ${digest}` };
  }

  async #rerun(job: Job): Promise<Job> {
    const { client, rerunFailed, signal } = this.#options;
    if (!rerunFailed || !isEnded(job.state) || job.state === 'succeeded') return job;
    return persist(() => client.retry(job.id), signal);
  }

  async #watch(): Promise<void> {
    const { client, signal } = this.#options;
    let lookMs = shortestLookMs;
    while (this.#isSubmitting || this.#waiting.size > 0) {
      await pause(lookMs, undefined, { signal });
      // The oldest first: they end first.
      const ids = [...this.#waiting.keys()].slice(0, limits.pageSize);
      if (ids.length === 0) continue;
      const { jobs } = await persist(() => client.findJobs({ ids }), signal);
      const ended = jobs.filter(({ state }) => isEnded(state));
      for (const job of ended) this.#settle(job);
      this.#noteDeleted(ids, jobs);
      this.#options.onChange();
      lookMs = ended.length > 0 ? shortestLookMs : Math.min(longestLookMs, lookMs * 1.5);
    }
  }

  #settle(job: JobSummary): void {
    const files = this.#waiting.get(job.id) ?? [];
    this.#waiting.delete(job.id);
    if (job.state === 'succeeded') this.#fetches.push(this.#fetch(job.id, files));
    else this.#fail(files, job.id, formatEnding(job));
  }

  #noteDeleted(ids: readonly string[], jobs: readonly JobSummary[]): void {
    const there = new Set(jobs.map(({ id }) => id));
    for (const id of ids) {
      if (there.has(id)) continue;
      this.#fail(this.#waiting.get(id) ?? [], id, 'the job was deleted');
      this.#waiting.delete(id);
    }
  }

  async #fetch(id: string, files: readonly EachFile[]): Promise<void> {
    const { client, counts, signal } = this.#options;
    for (const file of files) {
      try {
        const { outputs } = await persist(() => client.job(id), signal);
        for (const output of outputs) await this.#fetchOutput(id, file, output);
        counts.succeeded += 1;
      } catch (error) {
        if (signal.aborted) return;
        this.#fail([file], id, (error as Error).message);
      }
      this.#options.onChange();
    }
  }

  async #fetchOutput(id: string, { path, folder }: EachFile, output: OutputFile): Promise<void> {
    const { client, to, counts, signal } = this.#options;
    const directory = join(to, folder);
    const target = join(directory, output.name);
    const other = this.#written.get(target);
    if (other !== undefined && other !== path)
      throw new Error(`${target} comes of ${other} too; let the command give them names of their own`);
    this.#written.set(target, path);
    await mkdir(directory, { recursive: true });
    if (await isThere(target, output)) return;
    await persist(() => download(client, id, output, target, counts.downloads), signal);
  }

  #fail(files: readonly EachFile[], job: string | undefined, reason: string): void {
    for (const { path } of files) this.failures.push({ file: path, ...(job !== undefined && { job }), reason });
    this.#options.counts.failed += files.length;
  }
}

/** An earlier run has fetched it. */
async function isThere(path: string, { sizeBytes, sha256 }: OutputFile): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() === true && stats.size === sizeBytes && (await hashFile(path)) === sha256;
}
