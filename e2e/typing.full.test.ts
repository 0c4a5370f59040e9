import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { anyPorts, weighbridge } from './support/cli.ts';
import { Cluster } from './support/cluster.ts';
import { createFolder } from './support/folder.ts';
import { lacksPrograms } from './support/needs.ts';
import { Terminal } from './support/tmux-terminal.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
  await cluster.startWorker('mill');
}, 60_000);
afterAll(() => cluster?.stop());

const run = (...args: string[]) => weighbridge(args, cluster.master?.env);

describe('a job is named', () => {
  test('by a beginning of its id that no other has, and by last', async () => {
    const first = await cluster.client.submit({ command: 'sh', args: ['-c', 'echo first'] });
    await cluster.untilEnded(first.id);
    const last = await cluster.client.submit({ command: 'sh', args: ['-c', 'echo last'], queue: 'nobody' });
    expect((await run('jobs', 'show', first.id.slice(0, 8), '--json')).stdout).toContain(`"id":"${first.id}"`);
    expect((await run('jobs', 'logs', first.id.slice(0, 11).toUpperCase())).stdout).toBe('first\n');
    expect((await run('jobs', 'show', 'last', '--json')).stdout).toContain(`"id":"${last.id}"`);
    expect((await run('jobs', 'cancel', 'last')).stdout).toBe(`${last.id}  cancelled\n`);
    expect(await run('jobs', 'show', 'zzzz')).toMatchObject({ code: 2, stderr: expect.stringContaining('got zzzz') });
    expect(await run('jobs', 'show', 'ab')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('four characters'),
    });
    // Of all ids that can be, hardly one begins so.
    expect(await run('jobs', 'show', '000000000')).toMatchObject({
      code: 1,
      stderr: 'weighbridge: there is no job whose id begins with 000000000\n',
    });
  });
});

test('exit codes tell no master from a refused token from bad use, and --help names them', async () => {
  const { env } = cluster.master ?? {};
  expect((await run('jobs', 'list', '--master', 'http://127.0.0.1:1')).code).toBe(3);
  expect((await weighbridge(['jobs', 'list'], { ...env, WEIGHBRIDGE_TOKEN: 'another-token' })).code).toBe(4);
  expect((await run('jobs', 'list', '--colour')).code).toBe(2);
  for (const command of [['--help'], ['jobs', 'list', '--help'], ['nodes', 'drain', '--help'], ['up', '--help']])
    expect((await run(...command)).stdout).toContain('3 no master answers; 4 the token is refused; 130 interrupted');
});

test('the list has duration, node, bytes and reason, and is sorted by what was asked', async () => {
  const big = await cluster.client.submit({
    command: 'sh',
    args: ['-c', 'head -c 300000 /dev/zero | tr "\\0" x; exit 3'],
  });
  await cluster.untilEnded(big.id);
  await cluster.until(async () => (await cluster.client.job(big.id)).bytes.in > 300_000);
  const small = await cluster.client.submit({ command: 'sh', args: ['-c', 'sleep 2'] });
  await cluster.untilEnded(small.id);
  const { stdout } = await run('jobs', 'list', '--sort', 'bytes');
  const [heading, first] = stdout.split('\n');
  expect(heading).toMatch(/^JOB +STATE +QUEUE +AGE +TOOK +NODE +BYTES +COMMAND +REASON$/);
  expect(first).toMatch(
    new RegExp(`^${big.id} +failed +default +\\d+ s +0 s +mill +3\\d\\d\\.\\d kB +sh -c '.*' +exit code 3$`),
  );
  const byTime = JSON.parse((await run('jobs', 'list', '--sort', 'took', '--json')).stdout) as {
    jobs: { id: string }[];
  };
  expect(byTime.jobs[0]?.id).toBe(small.id);
});

describe.skipIf(lacksPrograms({ tmux: 'tmux' }))('on a terminal', () => {
  afterEach(() => Terminal.closeAll());

  test('up prints a link that signs in, and in a pipe it does not', async () => {
    const folder = await createFolder();
    const terminal = new Terminal(['up', ...anyPorts, '--data', folder], {}, [160, 30]);
    await expect.poll(() => terminal.screen()).toMatch(/Sign in {2}http:\/\/127\.0\.0\.1:\d+\/#token=\S{20,}/);
    await expect.poll(() => terminal.screen()).toContain('Ready');
    terminal.press('C-c');
    await expect.poll(() => terminal.hasEnded).toBe(true);
    expect(cluster.master?.output()).not.toContain('#token=');
  });

  test('a table fits, with ids that are short enough to be typed', async () => {
    const args = ['-c', ': '.repeat(200)];
    const { id } = await cluster.client.submit({ command: 'sh', args, queue: 'nobody' });
    const terminal = new Terminal(['jobs', 'list', '--limit', '3'], cluster.master?.env, [90, 20]);
    await expect.poll(() => terminal.hasEnded).toBe(true);
    const line = terminal
      .printed()
      .split('\n')
      .find((one) => one.startsWith(id.slice(0, 8)));
    expect(line).toMatch(new RegExp(`^${id.slice(0, 8)} +queued +nobody .*…`));
    expect(line?.length).toBeLessThanOrEqual(90);
  });
});
