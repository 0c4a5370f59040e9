import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LogBuffer } from '../../src/worker/log-buffer.ts';

const text = (bytes: Uint8Array) => new TextDecoder('utf-8', { fatal: true }).decode(bytes);
const bytes = (content: string) => new TextEncoder().encode(content);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function usedBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function takeAll(buffer: LogBuffer, maxBytes: number): { offset: number; bytes: Uint8Array }[] {
  const parts = [];
  for (let part = buffer.take(maxBytes); part; part = buffer.take(maxBytes)) parts.push(part);
  return parts;
}

test('of any stream, cut and taken in any way, head and tail come whole and in their places', () => {
  const pushes = fc.array(fc.record({ content: fc.uint8Array({ maxLength: 60 }), takes: fc.nat(3) }), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(pushes, fc.integer({ min: 1, max: 40 }), (steps, maxBytes) => {
      const [headBytes, tailBytes] = [50, 80];
      const buffer = new LogBuffer(headBytes, tailBytes);
      const taken = [];
      for (const { content, takes } of steps) {
        buffer.push(content);
        expect(buffer.sizeBytes).toBeLessThanOrEqual(headBytes + tailBytes);
        for (let i = 0; i < takes; i++) taken.push(buffer.take(maxBytes) ?? { offset: 0, bytes: new Uint8Array() });
      }
      buffer.end();
      taken.push(...takeAll(buffer, maxBytes));
      expect(buffer.sizeBytes).toBe(0);
      const stream = Buffer.concat(steps.map(({ content }) => content));
      const seen = new Set<number>();
      let end = 0;
      for (const part of taken) {
        if (part.bytes.length === 0) continue;
        expect(part.offset).toBeGreaterThanOrEqual(end);
        end = part.offset + part.bytes.length;
        expect(Buffer.from(part.bytes)).toEqual(stream.subarray(part.offset, end));
        for (let i = part.offset; i < end; i++) seen.add(i);
      }
      for (let i = 0; i < stream.length; i++)
        if (i < headBytes || i >= stream.length - tailBytes) expect(seen.has(i), `byte ${i}`).toBe(true);
    }),
  );
});

test('parts end with a whole character, and the last one with whatever is left', () => {
  const buffer = new LogBuffer(1000, 1000);
  const content = bytes('a€🌉é'.repeat(20));
  buffer.push(content);
  for (const size of [2, 3, 4, 7, 9]) text(buffer.take(size)?.bytes ?? new Uint8Array());
  buffer.push(bytes('🌉').subarray(0, 2));
  buffer.end();
  const rest = takeAll(buffer, 10);
  expect(rest.at(-1)?.bytes.at(-1)).toBe(bytes('🌉')[1]);
});

test('what a command writes byte by byte takes hardly more memory than its bytes', () => {
  const tailBytes = 1024 * 1024;
  const buffer = new LogBuffer(0, tailBytes);
  const before = usedBytes();
  for (let i = 0; i < 2 * tailBytes; i++) buffer.push(new Uint8Array(1));
  expect(usedBytes() - before).toBeLessThan(4 * tailBytes);
  buffer.end();
  expect(takeAll(buffer, 100_000).reduce((sum, part) => sum + part.bytes.length, 0)).toBe(tailBytes);
});
