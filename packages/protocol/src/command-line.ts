/** A command as a shell would take it. */
export function formatCommandLine(command: string, args: readonly string[]): string {
  return [command, ...args].map(quote).join(' ');
}

/** The same, cut at `length` characters. Only so much is read: arguments may be long. */
export function formatShortCommandLine(command: string, args: readonly string[], length: number): string {
  let line = quote(command.slice(0, length + 1));
  for (const arg of args) {
    if (line.length > length) break;
    line += ` ${quote(arg.slice(0, length + 1))}`;
  }
  // Not between the halves of a surrogate pair.
  return line.length <= length ? line : `${line.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
