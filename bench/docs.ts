import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeMachine } from './machine.ts';
import { formatMarkdown, type Table } from './table.ts';

const folder = new URL('../docs/', import.meta.url);

/** Puts tables between `<!-- bench NAME -->` and `<!-- end -->` of whichever document in `docs/` has these lines. */
export function writeIntoDocs(name: string, tables: readonly Table[], quick: boolean): void {
  const file = documentWith(opening(name));
  if (!file) {
    console.error(`bench: no document in docs/ has the line '${opening(name)}'`);
    return;
  }
  const short = quick ? ['A short run, to see that it works; not figures to rely on.'] : [];
  const command = `\`npm run bench -- ${name}${quick ? ' --quick' : ''}\` printed this, on: ${describeMachine()}.`;
  replaceBetween(file, name, [command, ...short, ...tables.map(formatMarkdown)].join('\n\n'));
  console.error(`bench: wrote ${fileURLToPath(file)}`);
}

function opening(name: string): string {
  return `<!-- bench ${name} -->`;
}

function documentWith(line: string): URL | undefined {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => new URL(name, folder))
    .find((file) => existsSync(file) && readFileSync(file, 'utf8').includes(line));
}

function replaceBetween(file: URL, name: string, content: string): void {
  const text = readFileSync(file, 'utf8');
  const start = text.indexOf(opening(name)) + opening(name).length;
  const end = text.indexOf('<!-- end -->', start);
  if (end < 0) throw new Error(`${fileURLToPath(file)} has '${opening(name)}' without '<!-- end -->' after it`);
  writeFileSync(file, `${text.slice(0, start)}\n\n${content}\n\n${text.slice(end)}`);
}
