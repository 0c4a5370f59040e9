import type { Cells } from './cells.ts';

/** Label value past a cap. */
export const other = '_other';
/** Statuses per method and endpoint, before `_other`. */
export const maxStatuses = 8;

/** One method and endpoint: its request cell and a response cell per status. */
export interface Row {
  readonly method: string;
  readonly endpoint: string;
  readonly requestCell: number;
  readonly responses: Map<string, number>;
  aborted: number;
}

// Methods that llhttp knows but nobody names in a dashboard would cost rows for nothing.
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);

/**
 * Label sets to rows, bounded: past `maxEndpoints` pairs of method and endpoint everything is
 * `_other`, past 8 statuses of a pair the status is. `overflowed` counts how often that was decided.
 */
export class Rows {
  readonly all: Row[] = [];
  overflowed = 0;
  readonly #cells: Cells;
  readonly #maxEndpoints: number;
  readonly #byMethod = new Map<string, Map<string, Row>>();
  #bounded = 0;

  constructor(cells: Cells, maxEndpoints: number) {
    this.#cells = cells;
    this.#maxEndpoints = maxEndpoints;
  }

  row(method: string, endpoint: string): Row {
    return this.#byMethod.get(method)?.get(endpoint) ?? this.#newRow(method, endpoint);
  }

  responseCell(row: Row, status: string): number {
    return row.responses.get(status) ?? this.#newStatus(row, status);
  }

  #newRow(method: string, endpoint: string): Row {
    if (method !== other && !knownMethods.has(method)) return this.row(other, endpoint);
    if (endpoint !== other && this.#bounded >= this.#maxEndpoints) {
      this.overflowed++;
      return this.row(method, other);
    }
    return this.#insert(method, endpoint);
  }

  #insert(method: string, endpoint: string): Row {
    const row: Row = { method, endpoint, requestCell: this.#cells.add(), responses: new Map(), aborted: 0 };
    const rows = this.#byMethod.get(method) ?? new Map<string, Row>();
    this.#byMethod.set(method, rows.set(endpoint, row));
    this.all.push(row);
    if (endpoint !== other) this.#bounded++;
    return row;
  }

  #newStatus(row: Row, status: string): number {
    let label = status;
    if (status !== other && row.responses.size >= maxStatuses) {
      this.overflowed++;
      label = other;
    }
    const known = row.responses.get(label);
    if (known !== undefined) return known;
    const cell = this.#cells.add();
    row.responses.set(label, cell);
    return cell;
  }
}
