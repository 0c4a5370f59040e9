import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

test('pg-boss is pinned: statements of ours on its tables were tested with this version', async () => {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> };
  expect(dependencies).toMatchObject({ 'pg-boss': '12.38.0' });
});
