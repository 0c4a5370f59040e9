import { type Directions, type UnattributedReason, unattributedReasons } from '../snapshot.ts';
import { Cells } from './cells.ts';
import { type EndpointSeries, EndpointTable } from './endpoint-table.ts';

/**
 * Where bytes are written down: pure, knows neither sockets nor time. Nothing is ever taken back, so no counter goes
 * down. What is no finite number from 0 on is refused: once added, NaN would stay for the life of the process.
 */
export class Ledger {
  readonly cells = new Cells();
  readonly endpoints: EndpointTable;
  readonly unattributed: Record<UnattributedReason, Directions>;
  /** Of closed connections; open ones are summed by whoever holds them. */
  readonly closed: Directions = { in: 0, out: 0 };
  readonly tlsOverhead: Directions = { in: 0, out: 0 };
  /** Faults of ours, refused amounts among them. */
  errors = 0;
  readonly #onRefuse: (error: RangeError) => void;

  /**
   * @param onRefuse counts and tells of a refused amount. Default: it is counted.
   * @param onCapMet called when an endpoint finds no place for the first time.
   */
  constructor(
    maxEndpoints: number,
    onRefuse: (error: RangeError) => void = () => {
      this.errors++;
    },
    onCapMet?: () => void,
  ) {
    this.endpoints = new EndpointTable(this.cells, maxEndpoints, onCapMet);
    this.unattributed = Object.fromEntries(
      unattributedReasons.map((reason) => [reason, { in: 0, out: 0 }]),
    ) as Ledger['unattributed'];
    this.#onRefuse = onRefuse;
  }

  /** Adds to a cell's counter; `false` where the amount was refused. */
  add(cell: number, bytes: number): boolean {
    if (!isAmount(bytes)) return this.#refuse('bytes of an exchange', bytes);
    this.cells.addBytes(cell, bytes);
    return true;
  }

  /** Takes an ended exchange into both histograms. */
  end(
    series: EndpointSeries,
    responseCell: number,
    requestBytes: number,
    responseBytes: number,
    isAborted: boolean,
  ): void {
    if (!(isAmount(requestBytes) && isAmount(responseBytes))) {
      this.#refuse('bytes of an ended exchange', isAmount(requestBytes) ? responseBytes : requestBytes);
      return;
    }
    this.cells.observe(series.requestCell, requestBytes);
    this.cells.observe(responseCell, responseBytes);
    if (isAborted) series.aborted++;
  }

  addUnattributed(reason: UnattributedReason, bytesIn: number, bytesOut: number): void {
    this.#addTo(this.unattributed[reason], `unattributed bytes (${reason})`, bytesIn, bytesOut);
  }

  addTlsOverhead(bytesIn: number, bytesOut: number): void {
    this.#addTo(this.tlsOverhead, 'TLS overhead', bytesIn, bytesOut);
  }

  /** Adds what a connection moved that has closed. */
  addClosed(bytesIn: number, bytesOut: number): void {
    this.#addTo(this.closed, 'bytes of a closed connection', bytesIn, bytesOut);
  }

  #addTo(entry: Directions, what: string, bytesIn: number, bytesOut: number): void {
    if (!(isAmount(bytesIn) && isAmount(bytesOut))) {
      this.#refuse(what, isAmount(bytesIn) ? bytesOut : bytesIn);
      return;
    }
    entry.in += bytesIn;
    entry.out += bytesOut;
  }

  #refuse(what: string, value: number): false {
    this.#onRefuse(new RangeError(`${what} must be a finite number from 0 on, got ${value}`));
    return false;
  }
}

function isAmount(bytes: number): boolean {
  return bytes >= 0 && bytes < Number.POSITIVE_INFINITY;
}
