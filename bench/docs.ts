import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { formatOpening, replaceRegion } from '../scripts/marked-region.ts';
import { describeMachine } from './machine.ts';
import { formatMarkdown, type Table } from './table.ts';

const folder = new URL('../docs/', import.meta.url);

/** Puts tables between `<!-- bench NAME -->` and `<!-- end -->` of whichever document in `docs/` has these lines. */
export function writeIntoDocs(name: string, tables: readonly Table[]): void {
  const opening = formatOpening('bench', name);
  const file = documentWith(opening);
  if (!file) {
    console.error(`bench: no document in docs/ has the line '${opening}'`);
    return;
  }
  const origin = `${formatOrigin(name)}${describeMachine()}.`;
  replaceRegion(file, opening, [origin, ...tables.map(formatMarkdown)].join('\n\n'));
  console.error(`bench: wrote ${fileURLToPath(file)}`);
}

/** What stands above a table: the command that printed it, and where. */
function formatOrigin(name: string): string {
  return `\`npm run bench -- ${name}\` printed this, on: `;
}

/** The regions of a document whose table no whole run has printed: one sentence for each. */
export function refuseShortRuns(document: string): string[] {
  return [...document.matchAll(/<!-- bench (\S+) -->\s*(.*)/g)].flatMap(([, name = '', first = '']) =>
    first.startsWith(formatOrigin(name))
      ? []
      : [
          `the table below ${formatOpening('bench', name)} must be one that \`npm run bench -- ${name}\` printed, got: ${first}`,
        ],
  );
}

function documentWith(line: string): URL | undefined {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => new URL(name, folder))
    .find((file) => readFileSync(file, 'utf8').includes(line));
}
