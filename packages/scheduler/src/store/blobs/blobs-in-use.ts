import type { Queryable } from '../database/database.ts';
import { defineStatement } from '../database/statement.ts';

const findUsedBlobs = defineStatement({
  name: 'find_used_blobs',
  parameters: { sha256: 'text[]' },
  columns: { sha256: 'text' },
  sql: ({ sha256 }) => `
    SELECT wanted.sha256 FROM unnest(${sha256}) AS wanted (sha256)
    WHERE EXISTS (SELECT 1 FROM weighbridge.blob_uses b WHERE b.sha256 = wanted.sha256)
  `,
});

/** Which of these blobs a kept job names. */
export async function blobsInUse(on: Queryable, sha256: string[]): Promise<Set<string>> {
  return new Set((await on.run(findUsedBlobs, { sha256 })).map((row) => row.sha256));
}
