import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { nodeBinary, nodeVersions } from '../accuracy/outside/node-binaries.ts';
import { AppProcess, freePort } from '../register/app-process.ts';
import { expectBothCount } from '../register/own-monitor-scenario.ts';

const source = fileURLToPath(new URL('../..', import.meta.url));
let project = '';
const stops: (() => unknown)[] = [];

/** A project that has installed the packed tarball, and nothing else of ours. */
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'weighbridge-package-'));
  const npm = (args: string[], cwd: string) => execFileSync('npm', args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  npm(['pack', '--pack-destination', project], source);
  const [tarball = ''] = readdirSync(project).filter((name) => name.endsWith('.tgz'));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'app', private: true }));
  npm(['install', '--offline', '--no-audit', '--no-fund', `./${tarball}`], project);
  copyFileSync(join(source, 'test', 'register', 'apps', 'own-monitor.mjs'), join(project, 'own-monitor.mjs'));
});

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(() => rmSync(project, { recursive: true }));

test('the packed tarball needs nothing else', () => {
  expect(readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['@weighbridge']);
});

test.each(nodeVersions)('installed, it counts by --import beside a monitor by code, on Node %s', async (version) => {
  const address = `127.0.0.1:${await freePort()}`;
  const app = new AppProcess(join(project, 'own-monitor.mjs'), {
    node: nodeBinary(version),
    args: ['--import', '@weighbridge/monitor/register'],
    conditions: [],
    cwd: project,
    env: { WEIGHBRIDGE_METRICS_LISTEN: address },
  });
  stops.push(() => app.stop());
  await expectBothCount(await app.line(), `http://${address}/metrics`);
  expect(app.otherErrors).toBe('');
});
