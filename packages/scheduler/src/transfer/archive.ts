/**
 * What an exported store is: a tar file with, in this order, `store.json`, `blobs/SHA256`, and `TABLE/NUMBER.ndjson`, a
 * row a line as PostgreSQL writes it as JSON, and `end.json`, without which it is not whole. Blobs come first, so that no job
 * is ever imported before its files.
 */
export const archiveFormat = 1;

/** `store.json`. */
export interface ArchiveHeader {
  readonly format: number;
  readonly exportedAt: string;
  /** The schema's, by which an older Weighbridge knows a later one's archive. */
  readonly migrations: readonly string[];
}

/** The tables, each after those that it refers to. Nodes are not among them: workers register again by themselves. */
export const tables = ['queues', 'jobs', 'dependencies', 'attempts', 'log_chunks', 'blob_uses'] as const;
export type Table = (typeof tables)[number];

/** Those whose rows belong to a job, by this column. */
export const jobColumn: Partial<Record<Table, string>> = {
  dependencies: 'job_id',
  attempts: 'job_id',
  log_chunks: 'job_id',
  blob_uses: 'job_id',
};

/** What an export wrote, or an import read. */
export interface TransferCounts {
  jobs: number;
  logChunks: number;
  blobs: number;
  blobBytes: number;
}

/** What a name in the archive stands for. */
export function parseEntryName(
  name: string,
): { kind: 'header' | 'end' } | { kind: 'blob'; sha256: string } | { kind: 'rows'; table: Table } | undefined {
  if (name === 'store.json') return { kind: 'header' };
  if (name === 'end.json') return { kind: 'end' };
  const sha256 = /^blobs\/([0-9a-f]{64})$/.exec(name)?.[1];
  if (sha256 !== undefined) return { kind: 'blob', sha256 };
  const table = tables.find((one) => new RegExp(`^${one}/\\d+\\.ndjson$`).test(name));
  return table && { kind: 'rows', table };
}
