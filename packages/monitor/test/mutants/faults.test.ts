import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { faults } from './faults.ts';

// The faults themselves are tried by `npm run mutants`, which takes long; here they are kept from going stale.
test.each(faults.map(({ name, file, from }) => [name, file, from]))('%s: can be made', (_name, file, from) => {
  const source = readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');
  expect(source.split(from)).toHaveLength(2);
});
