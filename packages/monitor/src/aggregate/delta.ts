import { type Series, SeriesTable } from '../export/series.ts';
import type { Source } from '../export/source.ts';
import { sizeBounds } from '../ledger/histogram.ts';
import type { Ledger } from '../ledger/ledger.ts';
import {
  type ConnectionTotals,
  type Directions,
  type OpenExchanges,
  type UnattributedReason,
  unattributedReasons,
} from '../snapshot.ts';

/** What one process tells another: what has moved since the delta before, and what is open now. Plain JSON. */
export interface Delta {
  /** Of each label set that changed or is new: bytes, the histogram's sum, its buckets. */
  series: { method: string; endpoint: string; status?: string; aborted?: number; numbers: number[] }[];
  unattributed: Partial<Record<UnattributedReason, Directions>>;
  tlsOverhead: Directions;
  overflowed: number;
  errors: number;
  /** Of all connections, open and closed. */
  connection: Directions;
  exact: boolean;
  open: Omit<ConnectionTotals, 'connection'> & OpenExchanges;
}

/** Transfers under way that one process tells of. */
const maxTransfers = 20;
const none: Directions = { in: 0, out: 0 };

/** Reads what has changed in some totals since it was asked the last time; never the same byte twice. */
export class DeltaReader {
  readonly #source: Source;
  readonly #table: SeriesTable;
  readonly #told = new Map<Series, { numbers: number[]; aborted: number }>();
  #unattributed: Ledger['unattributed'] | undefined;
  #tlsOverhead = none;
  #connection = none;
  #overflowed = 0;
  #errors = 0;

  constructor(source: Source) {
    this.#source = source;
    this.#table = new SeriesTable(source.ledger);
  }

  /** Leaves out what stands there already: another process has told it. */
  skip(): void {
    this.#read();
  }

  next(): Delta {
    this.#source.sample();
    return this.#read();
  }

  #read(): Delta {
    this.#table.update();
    const { ledger, exact } = this.#source;
    const { connection, ...open } = this.#source.totals();
    const delta = {
      series: [...this.#table.requests, ...this.#table.responses].flatMap((series) => this.#readSeries(series)),
      unattributed: this.#readUnattributed(),
      tlsOverhead: minus(ledger.tlsOverhead, this.#tlsOverhead),
      overflowed: ledger.endpoints.overflowed - this.#overflowed,
      errors: ledger.errors - this.#errors,
      connection: minus(connection, this.#connection),
      exact,
      open: { ...open, ...this.#readOpen() },
    };
    this.#tlsOverhead = { ...ledger.tlsOverhead };
    this.#overflowed = ledger.endpoints.overflowed;
    this.#errors = ledger.errors;
    this.#connection = connection;
    return delta;
  }

  #readOpen(): OpenExchanges {
    const { transfers, inFlight } = this.#source.open(maxTransfers);
    return { transfers: transfers.map(({ request: _, ...transfer }) => transfer), inFlight };
  }

  #readSeries(series: Series): Delta['series'] {
    const before = this.#told.get(series);
    const now = { numbers: readNumbers(this.#source.ledger, series.cell), aborted: series.owner.aborted };
    const numbers = now.numbers.map((number, index) => number - (before?.numbers[index] ?? 0));
    const aborted = series.status === undefined ? now.aborted - (before?.aborted ?? 0) : 0;
    if (before && aborted === 0 && numbers.every((number) => number === 0)) return [];
    this.#told.set(series, now);
    const { method, endpoint } = series.owner;
    const status = series.status === undefined ? {} : { status: series.status };
    return [{ method, endpoint, ...status, ...(aborted === 0 ? {} : { aborted }), numbers }];
  }

  #readUnattributed(): Delta['unattributed'] {
    const now = structuredClone(this.#source.ledger.unattributed);
    const changes = unattributedReasons.map((reason) => [
      reason,
      minus(now[reason], this.#unattributed?.[reason] ?? none),
    ]);
    this.#unattributed = now;
    return Object.fromEntries(
      changes.filter(([, change]) => (change as Directions).in + (change as Directions).out > 0),
    );
  }
}

function readNumbers({ cells }: Ledger, cell: number): number[] {
  const buckets = Array.from({ length: sizeBounds.length + 1 }, (_, bucket) => cells.bucket(cell, bucket));
  return [cells.bytes(cell), cells.sum(cell), ...buckets];
}

function minus(now: Directions, before: Directions): Directions {
  return { in: now.in - before.in, out: now.out - before.out };
}
