import type { Cells } from './cells.ts';
import { RecentBytes } from './recent-bytes.ts';

/** Label value past a cap. */
export const other = '_other';
/** Statuses per method and endpoint, before `_other`. */
export const maxStatuses = 8;
/** Part of the places that are kept for endpoints which turn out to be the busiest. */
const reservedPart = 0.1;
/** Part of the places at which listed routes may stand at 0. */
const listedPart = 0.5;
/** What each round leaves of recent bytes. */
const fading = 0.9;

/** The series of one method and endpoint: a cell for its requests, and one for the responses of each status. */
export interface EndpointSeries {
  readonly method: string;
  readonly endpoint: string;
  readonly requestCell: number;
  readonly responses: Map<string, number>;
  aborted: number;
  /** It stands at 0 because its route was listed: its place goes to the first that has traffic and finds none. */
  isIdle: boolean;
}

// Methods that llhttp knows but nobody names in a dashboard would cost series for nothing.
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);
/** Methods that may stand in a label, `_other` included. */
export const maxMethods = knownMethods.size + 1;

/**
 * Finds the series of a label set, and bounds them: past `maxEndpoints` pairs of method and endpoint every endpoint
 * is `_other`, past 8 statuses of a pair every status is. `overflowed` counts how often that was decided.
 *
 * Places are given by traffic, and for good, since no counter may vanish or change its name: nine tenths to whoever
 * comes first, the last tenth to those that prove to be the busiest among the rest. What was counted under `_other`
 * before stays there.
 */
export class EndpointTable {
  readonly all: EndpointSeries[] = [];
  overflowed = 0;
  /** Series that stood at 0 and lost their place. */
  withdrawn = 0;
  readonly #cells: Cells;
  readonly #maxEndpoints: number;
  readonly #maxAtOnce: number;
  readonly #onCapMet: () => void;
  #isCapMet = false;
  readonly #byMethod = new Map<string, Map<string, EndpointSeries>>();
  /** Places of pairs that have traffic; those of `_other` take none. */
  #busy = 0;
  readonly #idle: EndpointSeries[] = [];
  /** Of pairs that have no place, by `method endpoint`. */
  readonly #candidates = new RecentBytes();
  #bytesBefore = 0;
  #recentBytes = 0;

  /** @param onCapMet called when an endpoint finds no place for the first time. */
  constructor(cells: Cells, maxEndpoints: number, onCapMet: () => void = () => {}) {
    this.#cells = cells;
    this.#maxEndpoints = maxEndpoints;
    this.#maxAtOnce = maxEndpoints - Math.min(maxEndpoints - 1, Math.ceil(maxEndpoints * reservedPart));
    this.#onCapMet = onCapMet;
  }

  /** The series of a pair that has traffic. */
  find(method: string, endpoint: string): EndpointSeries {
    const known = this.#byMethod.get(method)?.get(endpoint);
    if (known === undefined) return this.#findNew(method, endpoint);
    if (known.isIdle) this.#wake(known);
    return known;
  }

  /** The series of a pair that another process has given a place already. */
  adopt(method: string, endpoint: string): EndpointSeries {
    const label = toMethodLabel(method);
    const needsPlace = endpoint !== other && this.#byMethod.get(label)?.get(endpoint) === undefined;
    if (needsPlace && this.#busy < this.#maxEndpoints) return this.#insertBusy(label, endpoint);
    return this.find(method, endpoint);
  }

  findResponseCell(series: EndpointSeries, status: string): number {
    return series.responses.get(status) ?? this.#findNewStatus(series, status);
  }

  /** Lets the series of a known route stand at 0, as long as such routes fill at most half of the places. */
  list(method: string, endpoint: string, statuses: readonly string[]): void {
    const label = toMethodLabel(method);
    const series = this.#byMethod.get(label)?.get(endpoint) ?? this.#insertIdle(label, endpoint);
    if (series) for (const status of statuses) this.findResponseCell(series, status);
  }

  /** Bytes that were counted under `_other` because this endpoint has no place. */
  noteOverflowed(method: string, endpoint: string, bytes: number): void {
    this.#candidates.add(`${toMethodLabel(method)} ${endpoint}`, bytes);
  }

  /**
   * Gives the kept places to the busiest of those that have none: the fewer are left, the greater a part of all recent
   * bytes one must have moved. Meant for every ten seconds or so.
   */
  promoteBusiest(): void {
    const bytes = this.#sumBytes();
    this.#recentBytes = this.#recentBytes * fading + bytes - this.#bytesBefore;
    this.#bytesBefore = bytes;
    for (const [name, recent] of this.#candidates.byBytes()) {
      const free = this.#maxEndpoints - this.#busy;
      if (free === 0 || recent * (free + 1) <= this.#recentBytes) break;
      const [method = '', endpoint = ''] = splitOnce(name, ' ');
      this.#insertBusy(method, endpoint);
      this.#candidates.delete(name);
    }
    this.#candidates.fade(fading);
  }

  #findNew(method: string, endpoint: string): EndpointSeries {
    const label = toMethodLabel(method);
    if (label !== method) return this.find(label, endpoint);
    if (endpoint === other) return this.#insert(method, endpoint, false);
    if (this.#busy < this.#maxAtOnce) return this.#insertBusy(method, endpoint);
    this.overflowed++;
    if (!this.#isCapMet) this.#meetCap();
    return this.find(method, other);
  }

  #meetCap(): void {
    this.#isCapMet = true;
    this.#onCapMet();
  }

  #insertBusy(method: string, endpoint: string): EndpointSeries {
    if (this.#busy + this.#idle.length >= this.#maxEndpoints) this.#withdrawIdle();
    this.#busy++;
    return this.#insert(method, endpoint, false);
  }

  #insertIdle(method: string, endpoint: string): EndpointSeries | undefined {
    const places = Math.min(this.#maxEndpoints * listedPart, this.#maxEndpoints - this.#busy);
    if (this.#idle.length + 1 > places) return undefined;
    const series = this.#insert(method, endpoint, true);
    this.#idle.push(series);
    return series;
  }

  #wake(series: EndpointSeries): void {
    series.isIdle = false;
    this.#idle.splice(this.#idle.indexOf(series), 1);
    this.#busy++;
  }

  /** The one that was listed last. */
  #withdrawIdle(): void {
    const series = this.#idle.pop();
    if (!series) return;
    this.#byMethod.get(series.method)?.delete(series.endpoint);
    this.all.splice(this.all.indexOf(series), 1);
    this.withdrawn++;
  }

  #insert(method: string, endpoint: string, isIdle: boolean): EndpointSeries {
    const series = { method, endpoint, requestCell: this.#cells.add(), responses: new Map(), aborted: 0, isIdle };
    const ofMethod = this.#byMethod.get(method) ?? new Map<string, EndpointSeries>();
    this.#byMethod.set(method, ofMethod.set(endpoint, series));
    this.all.push(series);
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

  #sumBytes(): number {
    let sum = 0;
    for (const { requestCell, responses } of this.all) {
      sum += this.#cells.bytes(requestCell);
      for (const cell of responses.values()) sum += this.#cells.bytes(cell);
    }
    return sum;
  }
}

function toMethodLabel(method: string): string {
  return knownMethods.has(method) ? method : other;
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}
