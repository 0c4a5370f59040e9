import { describe, expect, test } from 'vitest';
import { perform } from './perform.ts';
import { scenarios } from './scenarios/index.ts';

const seed = Number(process.env.WEIGHBRIDGE_SEED ?? Math.floor(Math.random() * 2 ** 32));

describe.each([
  ['with snapshots at random moments', true],
  ['without a snapshot before the end', false],
] as const)(`exact %s (WEIGHBRIDGE_SEED=${seed})`, (_name, watched) => {
  test.each(scenarios.filter(({ slow }) => !slow))('$name', async (scenario) => {
    const { failures } = await perform(scenario, { watched, seed, largeBytes: 4_000_000, nextPort: () => 0 });
    expect(failures).toEqual([]);
  });
});
