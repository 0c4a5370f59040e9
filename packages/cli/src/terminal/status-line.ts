/** Redrawing more often than this costs more than it tells. */
const redrawMs = 100;

/** One line on a terminal's standard error that is written over again and again; nothing where that is a file or a pipe. */
export class StatusLine {
  readonly #out: NodeJS.WriteStream;
  readonly #now: () => number;
  #drawnAt = Number.NEGATIVE_INFINITY;

  constructor(out: NodeJS.WriteStream = process.stderr, now: () => number = Date.now) {
    this.#out = out;
    this.#now = now;
  }

  /** `text` is called when it is time to draw. */
  show(text: () => string): void {
    if (!this.#out.isTTY || this.#now() - this.#drawnAt < redrawMs) return;
    this.#drawnAt = this.#now();
    this.#out.write(`\r\u001b[K${text().slice(0, Math.max(1, (this.#out.columns || 80) - 1))}`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#out.isTTY) this.#out.write('\r\u001b[K');
  }
}
