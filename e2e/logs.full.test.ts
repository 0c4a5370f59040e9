import { afterEach, beforeEach, expect, test } from 'vitest';
import { weighbridge } from './support/cli.ts';
import { Cluster } from './support/cluster.ts';

let cluster: Cluster;
beforeEach(async () => {
  cluster = await Cluster.start();
  await cluster.startWorker('one');
});
afterEach(() => cluster.stop());

const env = () => cluster.master?.env ?? {};
const submit = async (script: string, ...options: string[]) => {
  const { stdout } = await weighbridge(['jobs', 'submit', ...options, '--', 'sh', '-c', script], env());
  return stdout.trim();
};

test('a job that writes 20 MB leaves its errors, both ends, and the log of its retry; the command says what is missing', async () => {
  const noise =
    'echo begins; echo early >&2; head -c 20000000 /dev/zero | tr "\\0" x; echo; echo ends; echo late >&2; exit 3';
  const id = await submit(noise, '--retries', '1');
  const { code, stdout, stderr } = await weighbridge(['jobs', 'logs', id, '--follow'], env());
  expect(stdout.match(/begins\n/g)).toHaveLength(2);
  expect(stdout.match(/\nends\n/g)).toHaveLength(2);
  expect(stderr).toContain('early\n');
  expect(stderr).toContain('late\n');
  expect(stderr).toMatch(/\nweighbridge: \d+ bytes of stdout of attempt 1 were left out here\n/);
  expect(stderr).toMatch(/\nweighbridge: the log is incomplete: \d+ bytes were left out; [^\n]*\n$/);
  expect(code).toBe(1);
  const second = await weighbridge(['jobs', 'logs', id, '--attempt', '2', '--stream', 'stderr'], env());
  expect(second).toEqual({ code: 0, signal: null, stdout: '', stderr: 'early\nlate\n' });
});

test('a log that is followed goes on over a restart of the master, and ends with the job', async () => {
  const id = await submit('for i in 1 2 3 4 5 6 7 8 9; do echo $i; sleep 0.5; done');
  const following = weighbridge(['jobs', 'logs', id, '--follow'], env());
  await cluster.until(async () => (await cluster.client.logs(id)).chunks.length > 1);
  cluster.master?.child.kill('SIGKILL');
  await cluster.startMaster();
  expect(await following).toEqual({ code: 0, signal: null, stdout: '1\n2\n3\n4\n5\n6\n7\n8\n9\n', stderr: '' });
});
