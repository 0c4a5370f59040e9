// A checker of StrykerJS that lets only a seeded sample of the mutants through; the others count as invalid.
// The environment says which: WEIGHBRIDGE_MUTATION_SEED, and WEIGHBRIDGE_MUTATION_BELOW, what a mutant's rank must be below.
import { createHash } from 'node:crypto';

/** What a mutant is told apart by. */
export interface MutantPlace {
  readonly fileName: string;
  readonly mutatorName: string;
  readonly replacement: string;
  readonly location: { readonly start: { readonly line: number; readonly column: number } };
}

/** From 0 to 1, the same for the same mutant and seed; names of folders don't matter. */
export function rank({ fileName, mutatorName, replacement, location: { start } }: MutantPlace, seed: number): number {
  const file = fileName.split(/[\\/]/).at(-1);
  const text = [seed, file, start.line, start.column, mutatorName, replacement].join('|');
  return createHash('sha256').update(text).digest().readUInt32BE() / 2 ** 32;
}

const seed = Number(process.env.WEIGHBRIDGE_MUTATION_SEED);
const below = Number(process.env.WEIGHBRIDGE_MUTATION_BELOW);

async function check(mutants: readonly (MutantPlace & { id: string })[]): Promise<Record<string, object>> {
  const isChosen = (mutant: MutantPlace) => rank(mutant, seed) < below;
  return Object.fromEntries(
    mutants.map((mutant) => [
      mutant.id,
      isChosen(mutant) ? { status: 'passed' } : { status: 'compileError', reason: 'not in the sample' },
    ]),
  );
}

export const strykerPlugins = [{ kind: 'Checker', name: 'sample', factory: () => ({ init: async () => {}, check }) }];
