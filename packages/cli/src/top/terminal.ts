import { emitKeypressEvents, type Key } from 'node:readline';

const csi = '\u001b[';
const enter = `${csi}?1049h${csi}?25l`;
const leave = `${csi}?25h${csi}?1049l`;

/** A terminal that one program fills: its own screen, without echo, given back as it was. */
export class Terminal {
  readonly #in: NodeJS.ReadStream;
  readonly #out: NodeJS.WriteStream;

  constructor(input: NodeJS.ReadStream = process.stdin, output: NodeJS.WriteStream = process.stdout) {
    this.#in = input;
    this.#out = output;
  }

  get size(): { columns: number; rows: number } {
    return { columns: this.#out.columns, rows: this.#out.rows };
  }

  /** @param pressed gets each key by its name, `ctrl-c` among them. */
  open(pressed: (key: string) => void, resized: () => void): void {
    this.#out.write(enter);
    this.#out.on('resize', resized);
    if (!this.#in.isTTY) return;
    emitKeypressEvents(this.#in);
    this.#in.setRawMode(true);
    this.#in.on('keypress', (text: string | undefined, { name, ctrl }: Key) =>
      pressed(ctrl ? `ctrl-${name}` : (name ?? text ?? '')),
    );
    this.#in.resume();
  }

  /** Draws lines from the top; only what differs flickers, because nothing is cleared before. */
  draw(lines: readonly string[]): void {
    this.#out.write(`${csi}H${lines.map((line) => `${line}${csi}K`).join('\r\n')}${csi}J`);
  }

  close(): void {
    if (this.#in.isTTY) this.#in.setRawMode(false);
    this.#in.pause();
    this.#out.write(leave);
  }
}
