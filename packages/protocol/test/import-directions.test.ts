import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const packages = join(root, 'packages');

interface Part {
  name: string;
  paths: string[];
  mayImport: Set<string>;
}

interface Import {
  file: string;
  specifier: string;
  /** Gone once compiled. */
  typeOnly?: boolean;
}

/** The table of ARCHITECTURE.md below "Which way imports go". */
function readParts(): Part[] {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const section = text.split('## Which way imports go')[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) => {
    const [, name = '', paths = '', mayImport = ''] = line.split('|').map((cell) => cell.trim());
    return { name, paths: quoted(paths), mayImport: new Set(quoted(mayImport)) };
  });
}

function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
}

/** The part of a file below `packages/`: that of the longest path that holds it. */
function partOf(parts: Part[], file: string): Part | undefined {
  const claims = parts.flatMap((part) => part.paths.map((path) => ({ part, path })));
  const holds = claims.filter(({ path }) => file === path || file.startsWith(`${path}/`));
  return holds.sort((a, b) => b.path.length - a.path.length)[0]?.part;
}

const statement = /^\s*(?:import|export)\s+(type\s)?(?:[\w*{}\s,$]+\sfrom\s+)?'([^']+)'/gm;
const call = /(typeof\s+)?\bimport\(\s*'([^']+)'\s*\)/g;
const comment = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;

function importsOf(file: string): Import[] {
  const source = readFileSync(join(packages, file), 'utf8').replaceAll(comment, '');
  const found = [...source.matchAll(statement), ...source.matchAll(call)];
  return found.map(([, type, specifier = '']) => ({ file, specifier, typeOnly: type !== undefined }));
}

/** What an import leads to, as the table calls it: a part, `node:`, or a package. */
function targetOf(parts: Part[], { file, specifier }: Import): string {
  if (specifier.startsWith('.')) return partOf(parts, join(dirname(file), specifier))?.name ?? specifier;
  if (specifier.startsWith('node:')) return 'node:';
  const [, ours, entry] = /^@weighbridge\/([^/]+)(?:\/(.+))?$/.exec(specifier) ?? [];
  if (ours !== undefined && entry !== undefined) return partOf(parts, `${ours}/src/${entry}.ts`)?.name ?? ours;
  if (ours !== undefined) return ours;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function forbidden(parts: Part[], imports: Import[]): string[] {
  const wrong = imports.filter((one) => {
    const part = partOf(parts, one.file);
    const target = targetOf(parts, one);
    if (part === undefined || target === part.name || part.mayImport.has(target)) return false;
    return !(one.typeOnly && part.mayImport.has(`type ${target}`));
  });
  return wrong.map((one) => `${one.file} (${partOf(parts, one.file)?.name}) may not import ${one.specifier}`);
}

function dependenciesOf({ paths: [path = ''] }: Part): string[] {
  const manifest = readFileSync(join(packages, path.split('/')[0] ?? '', 'package.json'), 'utf8');
  return Object.keys(JSON.parse(manifest).dependencies ?? {});
}

const parts = readParts();
const files = globSync(['*/src/**/*.ts', '*/browser/**/*.{ts,tsx}'], { cwd: packages });
const imports = files.flatMap(importsOf);

test('every import goes the way that ARCHITECTURE.md says', () => {
  expect(imports.length).toBeGreaterThan(200);
  expect(forbidden(parts, imports)).toEqual([]);
});

test('an import against the arrow is found', () => {
  const wrong = [
    { file: 'scheduler/src/worker/worker.ts', specifier: '../store/store.ts' },
    { file: 'monitor/src/ledger/ledger.ts', specifier: '../capture/capture.ts' },
    { file: 'monitor/src/ledger/ledger.ts', specifier: 'node:net' },
    { file: 'monitor/src/monitor.ts', specifier: 'prom-client' },
    { file: 'cli/src/main.ts', specifier: '@weighbridge/scheduler' },
    { file: 'page/browser/page/rate.ts', specifier: '@weighbridge/protocol' },
  ];
  expect(forbidden(parts, wrong)).toHaveLength(wrong.length);
});

test('every source belongs to a part, and every part is there', () => {
  expect(files.filter((file) => partOf(parts, file) === undefined)).toEqual([]);
  const inhabited = new Set(files.map((file) => partOf(parts, file)?.name));
  expect(parts.map((part) => part.name).filter((name) => !inhabited.has(name))).toEqual([]);
});

test('the table names only parts, and packages that the manifest names', () => {
  const names = ['node:', ...parts.map((part) => part.name)];
  const wrong = parts.flatMap((part) => {
    const known = new Set([...names, ...dependenciesOf(part)]);
    const targets = [...part.mayImport].map((target) => target.replace(/^type /, ''));
    return targets.filter((target) => !known.has(target)).map((target) => `${part.name} → ${target}`);
  });
  expect(wrong).toEqual([]);
});
