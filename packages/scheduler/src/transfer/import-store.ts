import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { limits } from '@weighbridge/protocol';
import type pg from 'pg';
import { extract } from 'tar-stream';
import { BlobFolder } from '../blobs/blob-folder.ts';
import { OptionError } from '../errors.ts';
import { Database } from '../store/database/database.ts';
import { notify } from '../store/database/notifications.ts';
import { accessDatabase, type DatabaseLocation } from '../store/database-access.ts';
import { migrate } from '../store/schema/migrate.ts';
import {
  type ArchiveHeader,
  archiveFormat,
  jobColumn,
  parseEntryName,
  type Table,
  type TransferCounts,
} from './archive.ts';
import { withTransaction } from './connection.ts';

export interface ImportOptions extends DatabaseLocation {
  /** An export. */
  readonly file: string;
  /** Called as it goes on. */
  readonly onProgress?: (counts: Readonly<TransferCounts>) => void;
}

export interface ImportResult extends TransferCounts {
  /** Jobs that were there already, by id or by idempotency key; they stay as they are. */
  readonly skippedJobs: number;
}

/**
 * Adds what an export holds to a store, beside a master that runs or without one: all rows or none. Blobs come first, and
 * an import that fails may leave some, which the next one takes up and a master removes after a day. A job whose attempt
 * was under way goes on as one whose node is lost.
 *
 * @throws OptionError for a file that is no export, or one of a later version; StartError as {@link accessDatabase}.
 */
export async function importStore(options: ImportOptions): Promise<ImportResult> {
  await assertReadable(options.file);
  const database = await accessDatabase(options, { create: true });
  try {
    await prepare(database.url);
    return await withTransaction(database.url, 'BEGIN', (client) => addArchive(client, options));
  } finally {
    await database.release();
  }
}

async function assertReadable(file: string): Promise<void> {
  await access(file).catch((cause: NodeJS.ErrnoException) => {
    throw new OptionError(`file must be an export that can be read, got ${file} (${cause.code})`, { cause });
  });
}

async function prepare(url: string): Promise<void> {
  const database = new Database(url, () => undefined);
  try {
    await migrate(database);
  } finally {
    await database.close();
  }
}

async function addArchive(client: pg.Client, options: ImportOptions): Promise<ImportResult> {
  const result = await readArchive(client, options);
  // Delivered with the commit, to masters that run.
  await client.query(`SELECT ${notify('ready', 'name')}, ${notify('due', 'name')} FROM weighbridge.queues`);
  await client.query('COMMIT');
  return result;
}

async function readArchive(client: pg.Client, options: ImportOptions): Promise<ImportResult> {
  const blobs = new BlobFolder(join(options.dataDir, 'blobs'));
  await blobs.start();
  const counts = { jobs: 0, logChunks: 0, blobs: 0, blobBytes: 0, skippedJobs: 0 };
  const entries = extract();
  const reading = pipeline(createReadStream(options.file), entries).catch((error) => entries.destroy(error));
  let isKnown = false;
  let isWhole = false;
  try {
    for await (const entry of entries) {
      const part = parseEntryName(entry.header.name);
      // The header comes first: what comes before it, or without it, is no export.
      if (!part || isKnown === (part.kind === 'header')) throw noExport(options.file);
      if (part.kind === 'header') {
        await checkHeader(client, options.file, await text(entry));
        isKnown = true;
      } else if (part.kind === 'blob') await takeBlob(blobs, part.sha256, entry, counts);
      else if (part.kind === 'rows') await takeRows(client, part.table, await text(entry), counts);
      else isWhole = (await text(entry)) !== '';
      options.onProgress?.(counts);
    }
  } catch (error) {
    throw isUnfit(error) ? noExport(options.file, error) : error;
  } finally {
    entries.destroy();
    await reading;
  }
  if (!isWhole) throw noExport(options.file);
  return counts;
}

/** The archive's fault: broken as a tar file, as JSON, as rows (SQLSTATE classes 22, 23 and 42), or as a blob. */
function isUnfit(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: string };
  if (error instanceof SyntaxError || code === 'blob-mismatch') return true;
  return (
    /^(22|23|42)...$/.test(String(code)) ||
    /^(Invalid (tar )?header|Header exceeds|Unexpected end of data)/.test(message ?? '')
  );
}

function noExport(file: string, cause?: unknown): OptionError {
  return new OptionError(`file must be what \`weighbridge store export\` wrote, got ${file}`, { cause });
}

async function checkHeader(client: pg.Client, file: string, content: string): Promise<void> {
  const { format, migrations } = JSON.parse(content) as ArchiveHeader;
  const { rows } = await client.query<{ name: string }>('SELECT name FROM weighbridge.migrations');
  const known = new Set(rows.map(({ name }) => name));
  const unknown = migrations.find((name) => !known.has(name));
  if (format === archiveFormat && unknown === undefined) return;
  throw new OptionError(`file must be of this version of Weighbridge or an earlier one, got ${file} of a later one`);
}

async function takeBlob(
  blobs: BlobFolder,
  sha256: string,
  content: AsyncIterable<unknown>,
  counts: TransferCounts,
): Promise<void> {
  if ((await blobs.keep(sha256)) === undefined) {
    counts.blobBytes += await blobs.receive(sha256, Readable.from(content), { limitBytes: limits.blobBytes });
    counts.blobs++;
    return;
  }
  // The rest of the archive comes only after it.
  for await (const _ of content);
}

async function takeRows(
  client: pg.Client,
  table: Table,
  content: string,
  counts: TransferCounts & { skippedJobs: number },
): Promise<void> {
  const rows = content.split('\n').filter((line) => line !== '');
  const added = await insertRows(client, table, rows);
  if (table === 'log_chunks') counts.logChunks += added;
  if (table !== 'jobs') return;
  counts.jobs += added;
  counts.skippedJobs += rows.length - added;
}

/** What an earlier version had no column for gets the column's default; a column that it had and this one lacks is left out. */
async function insertRows(client: pg.Client, table: Table, rows: string[]): Promise<number> {
  const known = await columnsOf(client, table);
  const given = Object.keys(JSON.parse(rows[0] ?? '{}'));
  const columns = given.filter((name) => known.has(name)).map((name) => client.escapeIdentifier(name));
  const job = jobColumn[table];
  const condition = job ? `WHERE EXISTS (SELECT 1 FROM weighbridge.jobs j WHERE j.id = given.${job})` : '';
  const { rowCount } = await client.query(
    `INSERT INTO weighbridge.${table} (${columns})
     SELECT ${columns} FROM json_populate_recordset(NULL::weighbridge.${table}, $1) given ${condition}
     ON CONFLICT DO NOTHING`,
    [`[${rows.join(',')}]`],
  );
  return rowCount ?? 0;
}

async function columnsOf(client: pg.Client, table: Table): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'weighbridge' AND table_name = $1`,
    [table],
  );
  return new Set(rows.map(({ name }) => name));
}
