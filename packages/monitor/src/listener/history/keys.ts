import { type BandwidthSnapshot, type UnattributedReason, unattributedReasons } from '../../snapshot.ts';

/** What bytes are told apart by. */
export type NamedKey =
  | { readonly kind: 'endpoint'; readonly method: string; readonly endpoint: string }
  | { readonly kind: 'client'; readonly client: string }
  | { readonly kind: 'unattributed'; readonly reason: UnattributedReason };

interface Known {
  readonly id: number;
  in: number;
  out: number;
}

/**
 * A number for each endpoint, client and reason that ever moved a byte, and what it had moved when it was read last.
 * There are no more than the ledger has series: its caps bound this too.
 */
export class Keys {
  readonly #known = new Map<string, Known>();
  readonly #names: NamedKey[] = [];

  /** What moved since the last reading: key, in, out, key, in, out, … */
  readMoved(snapshot: BandwidthSnapshot): Float64Array {
    const moved: number[] = [];
    const take = (known: Known | undefined, bytesIn: number, bytesOut: number, key: () => NamedKey) => {
      if (bytesIn === (known?.in ?? 0) && bytesOut === (known?.out ?? 0)) return;
      const found = known ?? this.#add(key());
      // Never below zero: a sum that another process took over may lack its last second.
      moved.push(found.id, Math.max(0, bytesIn - found.in), Math.max(0, bytesOut - found.out));
      found.in = bytesIn;
      found.out = bytesOut;
    };
    for (const { method, endpoint, requestBytes, responses } of snapshot.endpoints) {
      let responseBytes = 0;
      for (const { bytes } of responses) responseBytes += bytes;
      const known = this.#known.get(endpointText(method, endpoint));
      take(known, requestBytes, responseBytes, () => ({ kind: 'endpoint', method, endpoint }));
    }
    for (const { client, in: bytesIn, out: bytesOut } of snapshot.clients) {
      take(this.#known.get(clientText(client)), bytesIn, bytesOut, () => ({ kind: 'client', client }));
    }
    for (const reason of unattributedReasons) {
      const { in: bytesIn, out: bytesOut } = snapshot.unattributed[reason];
      take(this.#known.get(reasonText(reason)), bytesIn, bytesOut, () => ({ kind: 'unattributed', reason }));
    }
    return Float64Array.from(moved);
  }

  get(id: number): NamedKey {
    return this.#names[id] as NamedKey;
  }

  /** The number of a key; undefined when it never moved a byte. */
  find(key: NamedKey): number | undefined {
    return this.#known.get(toText(key))?.id;
  }

  findOrAdd(key: NamedKey): number {
    return this.find(key) ?? this.#add(key).id;
  }

  #add(key: NamedKey): Known {
    const known = { id: this.#names.length, in: 0, out: 0 };
    this.#names.push(key);
    this.#known.set(toText(key), known);
    return known;
  }
}

function toText(key: NamedKey): string {
  if (key.kind === 'endpoint') return endpointText(key.method, key.endpoint);
  return key.kind === 'client' ? clientText(key.client) : reasonText(key.reason);
}

const endpointText = (method: string, endpoint: string) => `e${method} ${endpoint}`;
const clientText = (client: string) => `c${client}`;
const reasonText = (reason: string) => `u${reason}`;
