import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacksPrograms } from '../../../e2e/support/needs.ts';
import { createMonitoringFiles, resolveService, schedulerService } from '../src/index.ts';

const run = promisify(execFile);
const clone = fileURLToPath(new URL('../../../', import.meta.url));
const monitoring = join(clone, 'monitoring');

/** The programs that judge a file. */
const missing = lacksPrograms({
  promtool: 'prometheus',
  amtool: 'prometheus-alertmanager',
  vmalert: 'victoria-metrics',
  'docker-compose': 'docker-compose',
  'systemd-analyze': 'systemd',
});

const rules = `rules/${schedulerService.job}.rules.yml`;
const ruleTests = `rules/${schedulerService.job}.rules.test.yml`;

describe.skipIf(missing)('the programs that read them take the files of monitoring', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weighbridge-monitoring-'));
    await cp(monitoring, folder, { recursive: true });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each([
    ['promtool', ['check', 'rules', rules]],
    ['promtool', ['test', 'rules', ruleTests]],
    ['promtool', ['check', 'config', 'prometheus.yml']],
    ['vmalert', ['-dryRun', `-rule=${rules}`]],
    ['amtool', ['check-config', 'alertmanager.yml']],
    ['docker-compose', ['-f', 'compose.yaml', 'config', '--quiet']],
  ])('%s %j', async (program, args) => {
    await run(program, args, { cwd: folder });
  });

  test("another service's rules and scrape file hold as well", async () => {
    const shop = join(folder, 'shop');
    for (const [path, text] of createMonitoringFiles(resolveService({ prefix: 'shop_' }))) {
      await mkdir(dirname(join(shop, path)), { recursive: true });
      await writeFile(join(shop, path), text);
    }
    await run('promtool', ['check', 'config', 'prometheus.yml'], { cwd: shop });
    await run('promtool', ['test', 'rules', 'rules/shop.rules.test.yml'], { cwd: shop });
  });

  test.each(['weighbridge.service', 'weighbridge-vmalert.service'])('systemd takes %s', async (unit) => {
    const text = await readFile(join(folder, 'systemd', unit), 'utf8');
    // The clone that the unit names is this one.
    await writeFile(join(folder, unit), text.replaceAll('/opt/weighbridge/', clone));
    const { stderr } = await run('systemd-analyze', ['verify', join(folder, unit)]);
    expect(stderr).not.toContain(unit);
  });

  test.each(['victoriametrics.yml', 'compose/victoriametrics.yml'])('VictoriaMetrics takes %s', async (file) => {
    await run('victoria-metrics', [`-promscrape.config=${file}`, '-dryRun'], { cwd: folder });
  });

  test.each([
    ['HighBandwidthUsage', '> 10000000', '> 100000000'],
    ['EgressBudget', '* 30', '* 3'],
    ['BandwidthMetricsAbsent', 'or on () vector(0)', ''],
    ['BandwidthAccountingMismatch', ') != 0', ') > 1'],
    ['NodeLost', '> 120 and', '> 12000 and'],
    ['NodeLost', 'and on (job) (max by (job) (scheduler_store_up) == 1)', ''],
    ['QueueStuck', '> 900', '> 90000'],
    ['QueueStuck', 'state="running"', 'state="queued"'],
    ['StorageLow', '< 2 *', '< 1 *'],
    ['StorageLow', '< 2 *', '< 3 *'],
  ])('the cases of %s fail without %j', async (alert, right, wrong) => {
    const text = await readFile(join(monitoring, rules), 'utf8');
    const start = text.indexOf(`alert: ${alert}`);
    const broken = text.slice(0, start) + text.slice(start).replace(right, wrong);
    expect(broken).not.toBe(text);
    await writeFile(join(folder, rules), broken);
    try {
      await expect(run('promtool', ['test', 'rules', ruleTests], { cwd: folder })).rejects.toMatchObject({
        stderr: expect.stringContaining(alert),
      });
    } finally {
      await writeFile(join(folder, rules), text);
    }
  });
});
