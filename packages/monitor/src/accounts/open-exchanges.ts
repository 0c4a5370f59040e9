import type { IncomingMessage } from 'node:http';
import type { OpenAccount } from '../capture/capture.ts';
import { bytesOn, type Exchange } from '../capture/exchange.ts';
import { findRequestLength, findResponseLength } from '../capture/message-length.ts';
import { Largest } from '../ledger/largest.ts';
import type { OpenExchanges, Transfer } from '../snapshot.ts';
import { LedgerConnection } from './connection-account.ts';

/** Exchanges that are looked at for one answer: more than that would hold up the event loop. */
const maxLookedAt = 10_000;

interface Found {
  readonly exchange: Exchange;
  readonly request: IncomingMessage;
  readonly endpoint: string | undefined;
  readonly client: string | undefined;
}

/** Finds what is under way, for one monitor. */
export class OpenExchangeList {
  /** Of exchanges, by what their bytes are kept in: that is theirs alone. */
  readonly #ids = new WeakMap<object, string>();
  readonly #prefix: string;
  #nextId = 0;

  /** @param prefix tells the exchanges of this monitor from those of others. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The `limit` largest transfers, and how many exchanges each endpoint has in flight. */
  find(open: Iterable<OpenAccount>, limit: number): OpenExchanges {
    const largest = new Largest<Found>(limit);
    const counts = new Map<object, OpenExchanges['inFlight'][number]>();
    let lookedAt = 0;
    for (const { account, index, exchanges } of open) {
      if (!(account instanceof LedgerConnection) || lookedAt >= maxLookedAt) continue;
      for (const exchange of exchanges) {
        const own = exchange.accounts[index];
        const { request } = exchange;
        if (!own || !request) continue;
        lookedAt++;
        const { series, client } = account.findLabels(own);
        largest.add({ exchange, request, endpoint: series?.endpoint, client }, toSize(exchange, request));
        if (!series) continue;
        const { method, endpoint } = series;
        const entry = counts.get(series) ?? { method, endpoint, count: 0 };
        entry.count++;
        counts.set(series, entry);
      }
    }
    return { transfers: largest.items().map((found) => this.#describe(found)), inFlight: [...counts.values()] };
  }

  #describe({ exchange, request, endpoint, client }: Found): Transfer {
    const requestLength = findRequestLength(request);
    const responseLength = exchange.response ? findResponseLength(exchange.response) : undefined;
    return {
      id: this.#findId(bytesOn(request) ?? exchange),
      method: exchange.method,
      ...(endpoint !== undefined && { endpoint }),
      ...(client !== undefined && { client }),
      in: exchange.in,
      out: exchange.out,
      ...(requestLength !== undefined && { requestLength }),
      ...(responseLength !== undefined && { responseLength }),
      request,
    };
  }

  #findId(bytes: object): string {
    const known = this.#ids.get(bytes);
    if (known !== undefined) return known;
    const id = `${this.#prefix}-${++this.#nextId}`;
    this.#ids.set(bytes, id);
    return id;
  }
}

/** What it has moved, or what its request will. */
function toSize(exchange: Exchange, request: IncomingMessage): number {
  return Math.max(exchange.in, findRequestLength(request) ?? 0) + exchange.out;
}
