/** What is read of a `package.json`. */
export interface Manifest {
  readonly name?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** The nearest `package.json` around a file; empty where there is none. */
export function readManifest(file: string): Manifest {
  const { dirname, join } = process.getBuiltinModule('node:path');
  const { readFileSync } = process.getBuiltinModule('node:fs');
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    try {
      return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
    } catch {
      if (folder === dirname(folder)) return {};
    }
  }
}
