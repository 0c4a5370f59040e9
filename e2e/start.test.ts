import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { anyPorts, start, weighbridge } from './support/cli.ts';
import { createFolder } from './support/folder.ts';
import { scrape } from './support/metrics.ts';

/** One line, and no stack. */
const sentence = /^weighbridge: [^\n]+\n$/;

test('says where everything is, which store, which token, and that bandwidth is counted', async () => {
  const folder = await createFolder();
  const { events } = await start(['up', ...anyPorts, '--data', folder, '--allow', 'true,false']);
  const url = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+/);
  expect(events).toEqual([
    { event: 'starting', version: expect.any(String) },
    { event: 'listening', apiUrl: url, pageUrl: url, metricsUrl: expect.stringMatching(/\/metrics$/) },
    { event: 'store', kind: 'embedded', durable: true },
    { event: 'token', path: join(folder, 'token') },
    {
      event: 'bandwidth-monitoring',
      enabled: true,
      series: { known: expect.any(Number), worstCase: expect.any(Number) },
    },
    {
      event: 'worker',
      name: expect.any(String),
      slots: expect.any(Number),
      queues: ['default'],
      allow: ['gzip', 'gunzip', 'sha256sum', 'echo', 'sleep', 'true', 'false'],
    },
    { event: 'ready' },
  ]);
});

test('with no traffic at all the four families are there with zeros', async () => {
  const folder = await createFolder();
  const { metricsUrl } = await start(['master', '--embedded', ...anyPorts, '--data', folder]);
  const first = await scrape(metricsUrl);
  const put = { method: 'PUT', endpoint: '/blobs/:sha256' };
  const get = { method: 'GET', endpoint: '/jobs/:id/files/:name', status: '200' };
  for (const [name, labels] of [
    ['scheduler_http_request_bytes_total', put],
    ['scheduler_http_request_size_bytes_count', put],
    ['scheduler_http_response_bytes_total', get],
    ['scheduler_http_response_size_bytes_count', get],
  ] as const) {
    expect(
      first.of(name, labels).map(({ value }) => value),
      name,
    ).toEqual([0]);
    expect(first.sum(name), name).toBe(0);
  }
});

test('a port in use is one sentence that names it and the option', async () => {
  const folder = await createFolder();
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  onTestFinished(() => void taken.close());
  const address = `127.0.0.1:${(taken.address() as { port: number }).port}`;
  for (const [option, other] of [
    ['--listen', '--metrics-listen'],
    ['--metrics-listen', '--listen'],
  ] as const) {
    const args = ['up', '--data', folder, option, address, other, '127.0.0.1:0'];
    const { code, stderr } = await weighbridge(args);
    expect(stderr).toMatch(sentence);
    expect(stderr).toContain(address);
    expect(stderr).toContain(option);
    expect(code).toBe(1);
  }
});

test('a data folder that another master holds is refused, and the other runs on', async () => {
  const folder = await createFolder();
  const args = ['master', '--embedded', ...anyPorts, '--data', folder];
  const first = await start(args);
  const { code, stderr } = await weighbridge(args);
  expect(stderr).toMatch(sentence);
  expect(stderr).toContain('--data');
  expect(code).toBe(1);
  expect((await weighbridge(['jobs', 'list'], first.env)).code).toBe(0);
});

test('a data folder that cannot be made is one sentence that names it', async () => {
  const folder = await createFolder();
  const file = join(folder, 'file');
  await writeFile(file, '');
  const { code, stderr } = await weighbridge(['up', ...anyPorts, '--data', file]);
  expect(stderr).toMatch(sentence);
  expect(stderr).toContain(file);
  expect(stderr).toContain('--data');
  expect(code).toBe(1);
});

test.each([
  [['up', ...anyPorts, '--data', '/proc/x/y'], '--data'],
  [['store', 'export', '/tmp/nowhere.tar', '--data', '/proc/x'], '--data'],
  [['worker', '--work-dir', '/proc/x'], '--work-dir'],
])('a folder below /proc is one sentence, at once: %j', async (args, option) => {
  const { code, stdout, stderr } = await weighbridge(args, { WEIGHBRIDGE_TOKEN: 'a-token-of-tests' });
  expect(stderr).toMatch(sentence);
  expect(stderr).toContain('/proc/x');
  expect(stderr).toContain(option);
  expect({ code, stdout: stdout.replace(/^Weighbridge .*\n/, '') }).toEqual({ code: 1, stdout: '' });
});

test.each([
  [['up', '--bogus'], "unknown option '--bogus'"],
  [['up', '--listen', 'nowhere'], '--listen must be HOST:PORT'],
  [['up', '--listen', '0.0.0.0:0'], '--insecure'],
  [['master'], '--database-url'],
  [['master', '--embedded', '--database-url', 'postgres://x'], 'exclude each other'],
  [['master', '--database-url', 'mysql://x'], 'postgres://'],
  [['worker', '--slots', '0'], '--slots'],
  [['jobs', 'submit'], 'command'],
  [['jobs', 'submit', '--input', '/nonexistent/file', '--', 'echo'], '/nonexistent/file'],
  [['jobs', 'list', '--state', 'odd'], '--state'],
  [['jobs', 'list', '--token-file', '/nonexistent/token'], '/nonexistent/token'],
  [['dashboards', 'export'], '--out'],
  [
    ['dashboards', 'export', '--out', '/nonexistent/x', '--prefix', '9'],
    '--prefix must be the beginning of a metric name',
  ],
  [['dashboards', 'export', '--out', '/nonexistent/x', '--target', 'here'], '--target must be host:port'],
  [['nope'], "unknown command 'nope'"],
])('bad use is told in one sentence and exits with 2: %j', async (args, told) => {
  const { code, stdout, stderr } = await weighbridge(args);
  expect(stderr).toMatch(sentence);
  expect(stderr).toContain(told);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});

test('bad use of the worker inside `up` ends it, and is not tried again', async () => {
  const args = ['up', ...anyPorts, '--data', await createFolder(), '--allow', '/bin/gzip'];
  const { code, stderr } = await weighbridge(args);
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: `weighbridge: --allow must be a command's name without '/', got "/bin/gzip"\n`,
  });
});

test('dashboards are exported for another service, once more over their own files, and never over others', async () => {
  const folder = join(await createFolder(), 'shop');
  const args = ['dashboards', 'export', '--out', folder, '--prefix', 'shop_', '--target', 'shop.internal:9465'];
  const { code, stdout } = await weighbridge([...args, '--json']);
  expect(code).toBe(0);
  const { files } = JSON.parse(stdout) as { files: string[] };
  expect(files).toContain('grafana/provisioning/dashboards/weighbridge/http-bandwidth.json');
  const rules = join(folder, 'rules', 'shop.rules.yml');
  expect(await readFile(rules, 'utf8')).toContain('shop_http_connection_bytes_total');
  expect((await weighbridge(args)).code).toBe(0);

  await writeFile(rules, 'mine');
  const refused = await weighbridge(args);
  expect(refused.stderr).toMatch(sentence);
  expect(refused.stderr).toContain(rules);
  expect(refused.code).toBe(1);
  expect(await readFile(rules, 'utf8')).toBe('mine');
});

test.each(['/proc/weighbridge', '/dev/null'])(
  'dashboards that cannot be written to %s are one sentence',
  async (out) => {
    const { code, stdout, stderr } = await weighbridge(['dashboards', 'export', '--out', out]);
    expect(stderr).toMatch(sentence);
    expect(stderr).toContain(out);
    expect(stderr).toContain('--out');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  },
);

test('a master that is not there is one sentence that names its address', async () => {
  const { code, stderr } = await weighbridge(['jobs', 'list', '--master', 'http://127.0.0.1:1'], {
    WEIGHBRIDGE_TOKEN: 'a-token-of-tests',
  });
  expect(stderr).toMatch(sentence);
  expect(stderr).toContain('http://127.0.0.1:1');
  expect(code).toBe(3);
});

test('an older Node is told in one sentence', async () => {
  const { code, stderr } = await weighbridge(['--version'], {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent("Object.defineProperty(process.versions, 'node', { value: '20.20.2' })")}`,
  });
  expect(stderr).toBe(
    'weighbridge needs Node 22.18 or newer, this is 20.20.2; install a newer one (https://nodejs.org).\n',
  );
  expect(code).toBe(1);
});
