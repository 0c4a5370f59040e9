import { type BandwidthMonitor, type BandwidthSnapshot, imbalance } from '@weighbridge/monitor';

/** Takes snapshots and tells where one contradicts itself or the one before. */
export class BookWatch {
  readonly failures: string[] = [];
  snapshots = 0;
  readonly #monitor: BandwidthMonitor;
  #counters = new Map<string, number>();

  constructor(monitor: BandwidthMonitor) {
    this.#monitor = monitor;
  }

  look(): BandwidthSnapshot {
    const snapshot = this.#monitor.snapshot();
    this.snapshots++;
    this.#checkBalance(snapshot);
    this.#checkGrowth(snapshot);
    return snapshot;
  }

  #checkBalance(snapshot: BandwidthSnapshot): void {
    const missing = imbalance(snapshot);
    if (missing.in !== 0 || missing.out !== 0) this.#fail(`the books miss ${missing.in} in, ${missing.out} out`);
    const { pending } = snapshot;
    if (pending.in < 0 || pending.out < 0) this.#fail(`pending fell below 0: ${pending.in} in, ${pending.out} out`);
  }

  #checkGrowth(snapshot: BandwidthSnapshot): void {
    const counters = countersOf(snapshot);
    for (const [name, value] of this.#counters) {
      const now = counters.get(name);
      if (now === undefined || now < value) this.#fail(`${name} went down from ${value} to ${now}`);
    }
    this.#counters = counters;
  }

  #fail(what: string): void {
    if (this.failures.length < 10) this.failures.push(`snapshot ${this.snapshots}: ${what}`);
  }
}

/** Every figure that may only grow. */
function countersOf({ connection, endpoints, unattributed, tlsOverhead }: BandwidthSnapshot): Map<string, number> {
  const counters = new Map<string, number>();
  const add = (name: string, { in: bytesIn, out }: { in: number; out: number }) =>
    counters.set(`${name} in`, bytesIn).set(`${name} out`, out);
  add('connection', connection);
  add('TLS overhead', tlsOverhead);
  for (const [reason, entry] of Object.entries(unattributed)) add(reason, entry);
  for (const { method, endpoint, requestBytes, exchanges, aborted, responses } of endpoints) {
    const name = `${method} ${endpoint}`;
    counters.set(name, requestBytes).set(`${name} exchanges`, exchanges).set(`${name} aborted`, aborted);
    for (const { status, bytes, exchanges: ended } of responses) {
      counters.set(`${name} ${status}`, bytes).set(`${name} ${status} exchanges`, ended);
    }
  }
  return counters;
}
