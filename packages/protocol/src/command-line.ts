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

/**
 * The words of a command line as a shell would cut them, with quotes and backslashes; nothing else of a shell is known.
 *
 * @throws Error for a quote that is not closed.
 * @example
 * parseCommandLine(`gzip -9 'my file'`); // ['gzip', '-9', 'my file']
 */
export function parseCommandLine(text: string): string[] {
  const pieces = /\\(.)|'([^']*)'|"((?:[^"\\]|\\.)*)"|(\s+)|([^\s'"\\]+)|(.)/gs;
  const words: string[] = [];
  let word: string | undefined;
  for (const [, escaped, single, double, gap, plain, broken] of text.matchAll(pieces)) {
    if (broken !== undefined)
      throw new Error(
        broken === '\\' ? 'a backslash must stand before a character' : `a quote (${broken}) is not closed`,
      );
    if (gap !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + (escaped ?? single ?? double?.replaceAll(/\\(["\\$`])/g, '$1') ?? plain ?? '');
    }
  }
  return word === undefined ? words : [...words, word];
}

/** A word of a command that runs once for each of many files: `{}` is the file's name, `{.}` the name without its extension. */
export function fillFileName(word: string, name: string): string {
  return word.replaceAll(/\{(\.?)\}/g, (_, dot: string) => (dot === '' ? name : name.replace(/(?<=.)\.[^.]*$/, '')));
}
