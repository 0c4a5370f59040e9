import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

test('pg-boss and PGlite are pinned: statements of ours on their tables were tested with these versions', async () => {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> };
  expect(dependencies).toMatchObject({ 'pg-boss': '12.38.0', '@electric-sql/pglite': '0.5.16' });
});
