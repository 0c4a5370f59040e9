import type { UnattributedReason } from '@weighbridge/monitor';
import type { Stage } from './stage.ts';

/** Exactly so many bytes, or from least to most where the kernel alone knows. */
export type Amount = number | readonly [least: number, most: number];

/** What one exchange moved, as its client saw it. */
export interface ExpectedExchange {
  readonly method: string;
  readonly endpoint: string;
  readonly status: string;
  readonly in: Amount;
  readonly out: Amount;
  readonly aborted?: boolean;
}

export interface ExpectedRest {
  readonly reason: UnattributedReason;
  readonly in: Amount;
  readonly out: Amount;
}

/** One situation between a server and a client that knows what it sent and received. */
export interface Scenario {
  readonly name: string;
  /**
   * How the server's own totals compare with the payload that a packet capture saw: the same, unless the
   * kernel dropped what was queued or nobody read what had come.
   */
  readonly wire?: 'exact' | 'reset' | 'none';
  /** Too slow for every test run: only with real binaries. */
  readonly slow?: boolean;
  /** How often the monitor reads all connections, in ms. Default: its own. */
  readonly sampleIntervalMs?: number;
  run(stage: Stage): Promise<void>;
}

export function holds(expected: Amount, actual: number): boolean {
  if (typeof expected === 'number') return actual === expected;
  return actual >= expected[0] && actual <= expected[1];
}

export function addAmounts(a: Amount, b: Amount): Amount {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  const [least, most] = typeof a === 'number' ? [a, a] : a;
  const [least2, most2] = typeof b === 'number' ? [b, b] : b;
  return [least + least2, most + most2];
}
