/** Prints one line for people. */
export function printLine(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** Prints one JSON value on a line of its own. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** A note beside the output, so that a pipe gets the output alone. */
export function printNote(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** No column of a table is cut below this. */
const narrowest = 8;

/** Prints rows under a heading, as wide as they need; on a terminal at most as wide as that is. */
export function printTable(heading: string[], rows: string[][], columns = process.stdout.columns): void {
  const all = [heading, ...rows].map((row) => row.map(visible));
  const widths = fitWidths(
    heading.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))),
    columns,
  );
  for (const row of all) {
    const cells = row.map((cell, column) => shorten(cell, widths[column] ?? 0).padEnd(widths[column] ?? 0));
    printLine(cells.join('  ').trimEnd());
  }
}

/** Takes from the widest column, again and again, until they all fit, or none can be narrower. `undefined`: no terminal. */
function fitWidths(needed: number[], columns: number | undefined): number[] {
  const widths = [...needed];
  if (columns === undefined) return widths;
  let over = widths.reduce((sum, width) => sum + width + 2, -2) - columns;
  while (over > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    const width = widths[widest] ?? 0;
    if (width <= narrowest) break;
    // Down to the next widest at once.
    const next = Math.max(narrowest, ...widths.filter((_, index) => index !== widest && (widths[index] ?? 0) < width));
    const step = Math.min(over, Math.max(1, width - next));
    widths[widest] = width - step;
    over -= step;
  }
  return widths;
}

function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** Prints names and values, aligned; those without a value are left out. */
export function printFields(fields: [name: string, value: string | undefined][]): void {
  const present = fields.filter(([, value]) => value !== undefined);
  const width = Math.max(...present.map(([name]) => name.length));
  for (const [name, value] of present) printLine(`${name.padEnd(width)}  ${visible(value ?? '')}`);
}

/** Others choose commands and names: no control character of theirs reaches this terminal. */
export function visible(text: string): string {
  return text.replace(/\p{Cc}/gu, '\uFFFD');
}

/** A reader such as `head` may leave before the end: that's no failure, and nothing more is to be done. */
export function exitWhenReaderLeaves(): void {
  process.stdout.on('error', exitOnClosedPipe);
}

/** For a service: it runs on when the terminal or pipe that it printed to goes away. */
export function runOnWhenReaderLeaves(): void {
  process.stdout.off('error', exitOnClosedPipe);
  const ignore = () => undefined;
  process.stdout.on('error', ignore);
  process.stderr.on('error', ignore);
}

function exitOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  throw error;
}
