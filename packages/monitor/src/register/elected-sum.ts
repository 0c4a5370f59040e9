import type { Source } from '../export/source.ts';
import type { Gathering } from './gathering.ts';
import { type Report, Reporter } from './report.ts';
import { type Own, Sum } from './sum.ts';

const intervalMs = 1000;
/** By then each process that is left has found the new one. */
const settledMs = 5000;

/**
 * The sum of equals, of whom one serves: each second it tells the others what has been added, and only then serves
 * it. So when it is killed, another can go on without a counter going down; the last second is lost.
 */
export class ElectedSum {
  readonly #prefix: string;
  readonly #maxEndpoints: number;
  #served: Sum;
  #filled = false;

  constructor(prefix: string, maxEndpoints: number) {
    this.#prefix = prefix;
    this.#maxEndpoints = maxEndpoints;
    this.#served = new Sum(prefix, maxEndpoints);
  }

  /** Whether this process was told the sum. */
  get filled(): boolean {
    return this.#filled;
  }

  /** What all were told: this is served. */
  get served(): Source {
    return this.#served;
  }

  /** Told by the process that serves. */
  told(report: Report, first: boolean): void {
    if (first) this.#served = new Sum(this.#prefix, this.#maxEndpoints);
    this.#filled = true;
    this.#served.add(this, report);
  }

  /** All that is served, for a process that joins. */
  whole(): Report {
    return new Reporter(this.#served).next();
  }

  /** This process serves from now on, and starts with what it was told. */
  lead(own: Own, gather: (sum: Sum) => Gathering): void {
    const sum = new Sum(this.#prefix, this.#maxEndpoints, own);
    const reporter = new Reporter(sum);
    if (this.#filled) {
      sum.load(this.whole());
      reporter.skip();
      setTimeout(() => sum.settleGap(), settledMs).unref();
    }
    const gathering = gather(sum);
    const runOnce = () => {
      const report = reporter.next();
      gathering.tell(report);
      this.#served.add(this, report);
    };
    runOnce();
    setInterval(runOnce, intervalMs).unref();
  }
}
