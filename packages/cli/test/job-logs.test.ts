import { afterEach, expect, test, vi } from 'vitest';
import { LogPrinter } from '../src/job-logs.ts';

afterEach(() => vi.restoreAllMocks());

function capture() {
  const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  return { out: () => out.mock.calls.map(String).join(''), err: () => err.mock.calls.map(String).join('') };
}

test('each stream goes to its own, each chunk once', () => {
  const { out, err } = capture();
  const printer = new LogPrinter();
  const chunks = [
    { attempt: 1, stream: 'stdout', offset: 0, text: 'a' },
    { attempt: 1, stream: 'stderr', offset: 0, text: 'E' },
    { attempt: 1, stream: 'stdout', offset: 1, text: 'b' },
    { attempt: 2, stream: 'stdout', offset: 0, text: 'c' },
    { attempt: 2, stream: 'system', offset: 0, text: 'the log was cut' },
  ] as const;
  // A log followed anew begins from the beginning.
  for (const chunk of [...chunks.slice(0, 3), ...chunks]) printer.print(chunk);
  expect(out()).toBe('abc');
  expect(err()).toBe('Eweighbridge: the log was cut\n');
});
