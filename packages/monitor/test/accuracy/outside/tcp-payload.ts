/** One TCP segment, addresses left out: on loopback, ports tell connections apart. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly sequence: number;
  /** SYN: a new connection on these ports. */
  readonly opens: boolean;
  readonly bytes: number;
}

interface Flow {
  readonly from: number;
  readonly to: number;
  /** Sequence number that the next new byte has. */
  next: number;
  bytes: number;
}

/** Payload that crossed a wire, each byte once: retransmitted ranges don't count again. */
export class TcpPayload {
  readonly #open = new Map<number, Flow>();
  readonly #flows: Flow[] = [];

  take({ from, to, sequence, opens, bytes }: Segment): void {
    const key = from * 65_536 + to;
    if (opens) this.#begin(key, { from, to, next: (sequence + 1) >>> 0, bytes: 0 });
    const flow = this.#open.get(key) ?? this.#begin(key, { from, to, next: sequence, bytes: 0 });
    const start = opens ? sequence + 1 : sequence;
    // What of this segment lies beyond everything seen, in serial arithmetic. Segments on loopback come in order.
    const fresh = (start + bytes - flow.next) | 0;
    if (fresh <= 0 || bytes === 0) return;
    if (fresh > bytes)
      throw new Error(`a gap of ${fresh - bytes} bytes from port ${from} to ${to}: the capture lost a packet`);
    flow.bytes += fresh;
    flow.next = (start + bytes) >>> 0;
  }

  /** What servers on these ports received and sent. */
  of(ports: readonly number[]): { in: number; out: number } {
    const sum = (flows: Flow[]) => flows.reduce((total, { bytes }) => total + bytes, 0);
    return {
      in: sum(this.#flows.filter(({ to }) => ports.includes(to))),
      out: sum(this.#flows.filter(({ from }) => ports.includes(from))),
    };
  }

  #begin(key: number, flow: Flow): Flow {
    this.#open.set(key, flow);
    this.#flows.push(flow);
    return flow;
  }
}
