import type { LogChunk } from '@weighbridge/protocol';
import { afterEach, expect, test, vi } from 'vitest';
import { LogGaps, printLogChunk } from '../src/jobs/job-logs.ts';

afterEach(() => vi.restoreAllMocks());

function capture() {
  const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  return { out: () => out.mock.calls.map(String).join(''), err: () => err.mock.calls.map(String).join('') };
}

const print = (gaps: LogGaps, one: LogChunk) => printLogChunk(one, gaps.take(one));

const chunk = (attempt: number, stream: 'stdout' | 'stderr' | 'system', offset: number, text: string) => ({
  sequence: 1,
  attempt,
  stream,
  offset,
  sizeBytes: Buffer.byteLength(text),
  text,
});

test('each stream goes to its own', () => {
  const { out, err } = capture();
  const gaps = new LogGaps();
  print(gaps, chunk(1, 'stdout', 0, 'a€'));
  print(gaps, chunk(1, 'stderr', 0, 'E'));
  print(gaps, chunk(1, 'stdout', 4, 'b'));
  print(gaps, chunk(2, 'stdout', 0, 'c'));
  print(gaps, chunk(2, 'system', 0, 'no file matches'));
  expect(out()).toBe('a€bc');
  expect(err()).toBe('Eweighbridge: no file matches\n');
  expect(gaps.omittedBytes).toBe(0);
});

test('what was left out is told in its place', () => {
  const { out, err } = capture();
  const gaps = new LogGaps(10);
  print(gaps, chunk(2, 'stdout', 10, 'a'));
  print(gaps, chunk(2, 'stdout', 111, 'z'));
  expect(out()).toBe('az');
  expect(err()).toBe('\nweighbridge: 100 bytes of stdout of attempt 2 were left out here\n');
  expect(gaps.omittedBytes).toBe(100);
});
