import { execFileSync } from 'node:child_process';
import { copyFileSync, globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../../../e2e/support/free-port.ts';
import { nodeBinary, nodeVersions } from '../accuracy/outside/node-binaries.ts';
import { AppProcess, get } from '../preload/app-process.ts';
import { expectBothCount } from '../preload/own-monitor-scenario.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const apps = fileURLToPath(new URL('../preload/apps/', import.meta.url));
/** Each was the last of its line that could not count. */
const oldVersions = ['18.20.8', '20.19.5', '22.17.1'];
let project = '';
let tarball = '';
let installed = '';
const stops: (() => unknown)[] = [];

/** A project that has installed the packed tarball, and nothing else of ours. */
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'weighbridge-package-'));
  const run = (command: string, args: string[], cwd: string) =>
    execFileSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  run(process.execPath, ['scripts/stage-package.mjs'], root);
  run('npm', ['pack', '--pack-destination', project], join(root, 'packages/monitor/.package'));
  const [name = ''] = globSync('*.tgz', { cwd: project });
  tarball = join(project, name);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'app', private: true }));
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], project);
  installed = join(project, 'node_modules', '@weighbridge', 'monitor');
  for (const app of ['own-monitor.mjs', 'plain.mjs']) copyFileSync(`${apps}${app}`, join(project, app));
}, 120_000);

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(() => rmSync(project, { recursive: true }));

/** An application of that project, which knows only what is installed there. */
function start(app: string, version: string, options: { args?: string[]; env?: NodeJS.ProcessEnv } = {}): AppProcess {
  const running = new AppProcess(join(project, app), {
    node: nodeBinary(version),
    args: ['--import', '@weighbridge/monitor/register'],
    conditions: [],
    cwd: project,
    ...options,
  });
  stops.push(() => running.stop());
  return running;
}

describe('the packed tarball', () => {
  test('needs nothing else', () => {
    expect(globSync('node_modules/*', { cwd: project })).toEqual(['node_modules/@weighbridge']);
  });

  test('holds code, types, the page, README and license, and nothing that was left by a build', () => {
    const files = globSync('**/*', { cwd: installed, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const others = files
      .map((file) => file.slice(installed.length + 1))
      .filter((file) => !/^(dist|types)\//.test(file));
    expect(others.toSorted()).toEqual(['LICENSE', 'README.md', 'package.json']);
    for (const file of files) {
      expect(file).toMatch(/\.(js|d\.ts|json|md)$|LICENSE$/);
      expect(readFileSync(file, 'utf8')).not.toContain('sourceMappingURL');
    }
    // What the README states; the page is a third of it.
    const size = files.reduce((sum, file) => sum + statSync(file).size, 0);
    expect(size).toBeLessThan(520_000);
  });

  test('is found by every way to import that publint and attw know, with its types', async () => {
    const { messages, pkg } = await publint({ pkgDir: installed, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))));
    if (!analysis.types) throw new Error('attw found no types');
    // It is ESM alone: CommonJS gets it by import(), or by require where Node can. Resolution before exports is gone.
    const expected = ['CJSResolvesToESM', 'NoResolution'];
    const problems = analysis.problems.filter(
      (problem) =>
        !(expected.includes(problem.kind) && (problem.kind !== 'NoResolution' || problem.resolutionKind === 'node10')),
    );
    expect(problems).toEqual([]);
  });

  test.each(['nodenext', 'bundler'])('has types that an application compiles with, resolved as %s', (resolution) => {
    copyFileSync(new URL('consumer.ts', import.meta.url), join(project, 'consumer.ts'));
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      module: resolution === 'nodenext' ? 'nodenext' : 'esnext',
      moduleResolution: resolution,
      target: 'es2024',
      lib: ['es2024', 'dom'],
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    };
    const config = join(project, `tsconfig.${resolution}.json`);
    writeFileSync(config, JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    expect(() => execFileSync(process.execPath, [compiler, '-p', config], { encoding: 'utf8' })).not.toThrow();
  });
});

test.each(nodeVersions)('installed, it counts by --import beside a monitor by code, on Node %s', async (version) => {
  const address = `127.0.0.1:${await freePort()}`;
  const app = start('own-monitor.mjs', version, { env: { WEIGHBRIDGE_METRICS_LISTEN: address } });
  await expectBothCount(await app.line(), `http://${address}/metrics`);
  expect(app.otherErrors).toBe('');
});

describe.each(oldVersions)('Node %s, which is too old', (version) => {
  const refusal = `weighbridge: Node 22.18 or newer is needed, this is ${version}; nothing is counted, the application runs on\n`;

  test('hears so in one sentence by --import, and the application runs on', async () => {
    const app = start('plain.mjs', version, { args: ['--import', '@weighbridge/monitor/register'] });
    expect(await get(await app.line())).toBe('hello');
    expect(app.errors).toBe(refusal);
  });

  test('hears so by code too', async () => {
    const app = start('own-monitor.mjs', version, { args: [] });
    const url = await app.line();
    expect(await get(url)).toBe('hello');
    expect(await get(`${url}/own`)).toContain('own_http_connections 0\n');
    expect(app.errors).toBe(refusal);
  });
});
