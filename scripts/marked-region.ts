import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const end = '<!-- end -->';

/** The line that begins a region of a document which `command` writes. */
export function formatOpening(command: 'bench' | 'generate', name: string): string {
  return `<!-- ${command} ${name} -->`;
}

/** Puts Markdown between an opening line and the next `<!-- end -->`. Throws where there is no such region. */
export function replaceRegion(file: URL, opening: string, content: string): void {
  const text = readFileSync(file, 'utf8');
  const at = text.indexOf(opening);
  const from = at + opening.length;
  const to = text.indexOf(end, from);
  if (at < 0 || to < 0) throw new Error(`${fileURLToPath(file)} has no '${opening}' with '${end}' after it`);
  writeFileSync(file, `${text.slice(0, from)}\n\n${content}\n\n${text.slice(to)}`);
}
