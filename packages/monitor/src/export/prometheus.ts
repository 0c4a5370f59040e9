import type { CollectedFamily } from './family.ts';
import { Turns } from './turns.ts';

/** Exposition format 0.0.4; written in short turns, from numbers of one moment. */
export async function formatText(families: readonly CollectedFamily[]): Promise<string> {
  const turns = new Turns();
  let text = '';
  for (const family of families) {
    const { name, type, help } = family.meta;
    text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    for (const piece of family.pieces(name, '')) {
      text += piece;
      if (turns.over) await turns.next();
    }
  }
  return text;
}
