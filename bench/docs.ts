import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { formatOpening, replaceRegion } from '../scripts/marked-region.ts';
import { describeMachine } from './machine.ts';
import { formatMarkdown, type Table } from './table.ts';

const folder = new URL('../docs/', import.meta.url);

/** Puts tables between `<!-- bench NAME -->` and `<!-- end -->` of whichever document in `docs/` has these lines. */
export function writeIntoDocs(name: string, tables: readonly Table[], quick: boolean): void {
  const opening = formatOpening('bench', name);
  const file = documentWith(opening);
  if (!file) {
    console.error(`bench: no document in docs/ has the line '${opening}'`);
    return;
  }
  const short = quick ? ['A short run, to see that it works; not figures to rely on.'] : [];
  const command = `\`npm run bench -- ${name}${quick ? ' --quick' : ''}\` printed this, on: ${describeMachine()}.`;
  replaceRegion(file, opening, [command, ...short, ...tables.map(formatMarkdown)].join('\n\n'));
  console.error(`bench: wrote ${fileURLToPath(file)}`);
}

function documentWith(line: string): URL | undefined {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => new URL(name, folder))
    .find((file) => readFileSync(file, 'utf8').includes(line));
}
