import type { Transfer } from '../snapshot.ts';

/** A rate over less than this would jump. */
const leastMs = 800;
/** Who asks again after longer gets a rate from the next answer on. */
const mostMs = 10_000;

/** A transfer as it is told. */
export interface TransferJson extends Omit<Transfer, 'request'> {
  /** Bytes per second in the direction that moves more; absent at first. */
  rate?: number;
  /** Seconds until what its head announced has moved; absent where that is not known. */
  secondsLeft?: number;
  /** What the service says of it, such as its job. */
  [tag: string]: unknown;
}

interface Reading {
  readonly atMs: number;
  readonly in: number;
  readonly out: number;
  readonly rates: { readonly in: number; readonly out: number } | undefined;
}

/** Adds to transfers how fast they are, by what they had moved when somebody asked before. */
export class TransferRates {
  readonly #tag: (request: object) => Record<string, string>;
  readonly #now: () => number;
  #readings = new Map<string, Reading>();

  constructor(tag: (request: object) => Record<string, string>, now: () => number = () => performance.now()) {
    this.#tag = tag;
    this.#now = now;
  }

  toJson(transfers: readonly Transfer[]): TransferJson[] {
    const readings = new Map<string, Reading>();
    const json = transfers.map(({ request, ...transfer }): TransferJson => {
      const reading = this.#read(transfer);
      readings.set(transfer.id, reading);
      return { ...transfer, ...(request && this.#tag(request)), ...toProgress(transfer, reading.rates) };
    });
    this.#readings = readings;
    return json;
  }

  #read(transfer: Transfer): Reading {
    const atMs = this.#now();
    const before = this.#readings.get(transfer.id);
    const now = { atMs, in: transfer.in, out: transfer.out };
    if (!before || atMs - before.atMs > mostMs) return { ...now, rates: undefined };
    const ms = atMs - before.atMs;
    // Two pages that ask at almost the same time.
    if (ms < leastMs) return before;
    const perSecond = (moved: number) => (moved / ms) * 1000;
    return { ...now, rates: { in: perSecond(transfer.in - before.in), out: perSecond(transfer.out - before.out) } };
  }
}

function toProgress(transfer: Transfer, rates: Reading['rates']): Pick<TransferJson, 'rate' | 'secondsLeft'> {
  if (!rates) return {};
  const way = rates.in >= rates.out ? 'in' : 'out';
  const rate = rates[way];
  const length = way === 'in' ? transfer.requestLength : transfer.responseLength;
  if (length === undefined || rate === 0) return { rate };
  return { rate, secondsLeft: Math.max(0, length - transfer[way]) / rate };
}
