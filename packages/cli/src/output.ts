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

/** Prints rows under a heading, as wide as they need. */
export function printTable(heading: string[], rows: string[][]): void {
  const all = [heading, ...rows].map((row) => row.map(visible));
  const widths = heading.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  for (const row of all) {
    printLine(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
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
