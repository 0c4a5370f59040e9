import { createWriteStream, existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { type Pack, pack } from 'tar-stream';
import { BlobFolder } from '../blobs/blob-folder.ts';
import { OptionError, StartError } from '../errors.ts';
import { accessDatabase, type DatabaseLocation } from '../store/database-access.ts';
import { type ArchiveHeader, archiveFormat, type Table, type TransferCounts, tables } from './archive.ts';
import { withTransaction } from './connection.ts';

export interface ExportOptions extends DatabaseLocation {
  /** Where to; it must not be there yet. */
  readonly file: string;
  /** Ends it early: nothing is left behind then. */
  readonly signal?: AbortSignal;
  /** Called as it goes on. */
  readonly onProgress?: (counts: Readonly<TransferCounts>) => void;
}

export interface ExportResult extends TransferCounts {
  /** Named by jobs, but not stored in this data folder. */
  readonly missingBlobs: number;
}

/** One entry of the archive holds at most about so much, so that neither side needs more memory. */
const pageBytes = 4 * 1024 * 1024;
const snapshot = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
/** A row may have a megabyte. */
const fetchRows = 20;

/**
 * Writes jobs, attempts, logs and blobs into one file, as they were at one moment, beside a master that runs or without
 * one. The file gets its name when it is whole.
 *
 * @throws OptionError for a file that is there; StartError as {@link accessDatabase}; the signal's reason.
 */
export async function exportStore(options: ExportOptions): Promise<ExportResult> {
  const { file } = options;
  if (existsSync(file)) throw new OptionError(`file must be one that isn't there yet, got ${file}`);
  const database = await accessDatabase(options);
  const draft = `${file}.partial`;
  try {
    const result = await writeDraft(draft, database.url, options);
    await rename(draft, file);
    return result;
  } catch (error) {
    await rm(draft, { force: true });
    options.signal?.throwIfAborted();
    const { syscall, code } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new OptionError(`file must be one that can be written, got ${file} (${code})`, { cause: error });
  } finally {
    await database.release();
  }
}

async function writeDraft(draft: string, url: string, options: ExportOptions): Promise<ExportResult> {
  const archive = pack();
  const written = pipeline(archive, createWriteStream(draft, { mode: 0o600, flush: true }));
  try {
    const result = await Promise.race([
      withTransaction(url, snapshot, (client) => writeArchive(client, archive, options)),
      // It settles early only when the file can't be written.
      written.then(() => Promise.reject(new Error('the file ended before the archive'))),
    ]);
    options.signal?.throwIfAborted();
    archive.finalize();
    await written;
    return result;
  } catch (error) {
    archive.destroy();
    // Then the file is closed.
    await written.catch(() => undefined);
    throw error;
  }
}

async function writeArchive(client: pg.Client, archive: Pack, options: ExportOptions): Promise<ExportResult> {
  const counts = { jobs: 0, logChunks: 0, blobs: 0, blobBytes: 0 };
  const tell = () => {
    options.signal?.throwIfAborted();
    options.onProgress?.(counts);
  };
  await writeText(archive, 'store.json', JSON.stringify(await createHeader(client), null, 2));
  const missingBlobs = await writeBlobs(client, archive, options, counts, tell);
  for (const table of tables) {
    let page = 0;
    for await (const rows of readPages(client, table)) {
      await writeText(archive, `${table}/${String(++page).padStart(6, '0')}.ndjson`, `${rows.join('\n')}\n`);
      if (table === 'jobs') counts.jobs += rows.length;
      if (table === 'log_chunks') counts.logChunks += rows.length;
      tell();
    }
  }
  await writeText(archive, 'end.json', JSON.stringify(counts));
  return { ...counts, missingBlobs };
}

async function createHeader(client: pg.Client): Promise<ArchiveHeader> {
  const { rows } = await client
    .query<{ name: string }>('SELECT name FROM weighbridge.migrations ORDER BY name')
    .catch((cause) => {
      throw new StartError({ code: 'no-schema', reason: cause.message }, { cause });
    });
  return {
    format: archiveFormat,
    exportedAt: new Date().toISOString(),
    migrations: rows.map(({ name }) => name),
  };
}

async function writeBlobs(
  client: pg.Client,
  archive: Pack,
  { dataDir, signal }: ExportOptions,
  counts: TransferCounts,
  tell: () => void,
): Promise<number> {
  const folder = new BlobFolder(join(dataDir, 'blobs'));
  const { rows } = await client.query<{ sha256: string }>(
    'SELECT DISTINCT sha256 FROM weighbridge.blob_uses ORDER BY sha256',
  );
  let missing = 0;
  for (const { sha256 } of rows) {
    const size = await folder.keep(sha256);
    if (size === undefined) {
      missing++;
      continue;
    }
    const entry = archive.entry({ name: `blobs/${sha256}`, size });
    await pipeline(folder.read(sha256), entry, { ...(signal && { signal }) });
    counts.blobs++;
    counts.blobBytes += size;
    tell();
  }
  return missing;
}

/** A table's rows as JSON, some megabytes at a time. */
async function* readPages(client: pg.Client, table: Table): AsyncGenerator<string[]> {
  await client.query(`DECLARE exported CURSOR FOR SELECT row_to_json(t)::text AS row FROM weighbridge.${table} t`);
  let page: string[] = [];
  let bytes = 0;
  for (;;) {
    const { rows } = await client.query<{ row: string }>(`FETCH ${fetchRows} FROM exported`);
    for (const { row } of rows) {
      page.push(row);
      bytes += row.length;
    }
    if (page.length > 0 && (bytes >= pageBytes || rows.length === 0)) {
      yield page;
      page = [];
      bytes = 0;
    }
    if (rows.length === 0) break;
  }
  await client.query('CLOSE exported');
}

async function writeText(archive: Pack, name: string, text: string): Promise<void> {
  const content = Buffer.from(text);
  const entry = archive.entry({ name, size: content.length });
  Readable.from([content]).pipe(entry);
  await finished(entry);
}
