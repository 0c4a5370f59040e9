import type { Cells } from './cells.ts';

/** Label value past a cap. */
export const other = '_other';
/** Statuses per method and endpoint, before `_other`. */
export const maxStatuses = 8;

/** The series of one method and endpoint: a cell for its requests, and one for the responses of each status. */
export interface EndpointSeries {
  readonly method: string;
  readonly endpoint: string;
  readonly requestCell: number;
  readonly responses: Map<string, number>;
  aborted: number;
}

// Methods that llhttp knows but nobody names in a dashboard would cost series for nothing.
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);
/** Methods that may stand in a label, `_other` included. */
export const maxMethods = knownMethods.size + 1;

/**
 * Finds the series of a label set, and bounds them: past `maxEndpoints` pairs of method and endpoint every endpoint
 * is `_other`, past 8 statuses of a pair every status is. `overflowed` counts how often that was decided.
 */
export class EndpointTable {
  readonly all: EndpointSeries[] = [];
  overflowed = 0;
  readonly #cells: Cells;
  readonly #maxEndpoints: number;
  readonly #byMethod = new Map<string, Map<string, EndpointSeries>>();
  /** Pairs that take a place: all but those of `_other`. */
  #taken = 0;

  constructor(cells: Cells, maxEndpoints: number) {
    this.#cells = cells;
    this.#maxEndpoints = maxEndpoints;
  }

  find(method: string, endpoint: string): EndpointSeries {
    return this.#byMethod.get(method)?.get(endpoint) ?? this.#findNew(method, endpoint);
  }

  findResponseCell(series: EndpointSeries, status: string): number {
    return series.responses.get(status) ?? this.#findNewStatus(series, status);
  }

  #findNew(method: string, endpoint: string): EndpointSeries {
    if (method !== other && !knownMethods.has(method)) return this.find(other, endpoint);
    if (endpoint !== other && this.#taken >= this.#maxEndpoints) {
      this.overflowed++;
      return this.find(method, other);
    }
    return this.#insert(method, endpoint);
  }

  #insert(method: string, endpoint: string): EndpointSeries {
    const series = { method, endpoint, requestCell: this.#cells.add(), responses: new Map(), aborted: 0 };
    const ofMethod = this.#byMethod.get(method) ?? new Map<string, EndpointSeries>();
    this.#byMethod.set(method, ofMethod.set(endpoint, series));
    this.all.push(series);
    if (endpoint !== other) this.#taken++;
    return series;
  }

  #findNewStatus(series: EndpointSeries, status: string): number {
    let label = status;
    if (status !== other && series.responses.size >= maxStatuses) {
      this.overflowed++;
      label = other;
    }
    const known = series.responses.get(label);
    if (known !== undefined) return known;
    const cell = this.#cells.add();
    series.responses.set(label, cell);
    return cell;
  }
}
