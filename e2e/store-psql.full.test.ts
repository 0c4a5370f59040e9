import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { anyPorts, start, stop, weighbridge } from './support/cli.ts';
import { createFolder } from './support/folder.ts';

const installed = await promisify(execFile)('psql', ['--version']).then(
  () => true,
  () => false,
);
const installHint = 'psql is not installed: apt-get install postgresql-client';
if (!installed && process.env.CI) throw new Error(installHint);

test.skipIf(!installed)(
  `psql opens the store of a running master and of none (${installed ? 'installed' : installHint})`,
  async () => {
    const folder = await createFolder();
    const count = ['store', 'psql', '--data', folder, '--', '-Atc', 'SELECT count(*) FROM weighbridge.jobs'];
    const { child, env } = await start(['up', ...anyPorts, '--data', folder]);
    await weighbridge(['jobs', 'submit', '--', 'echo', 'hello'], env);
    expect(await weighbridge(count)).toMatchObject({ code: 0, stdout: '1\n' });
    await stop(child);
    expect(await weighbridge(count)).toMatchObject({ code: 0, stdout: '1\n' });
    const wrong = await weighbridge(['store', 'psql', '--data', folder, '--', '-c', 'SELECT nothing']);
    expect(wrong.code).toBe(1);
    // The server that was started for it is gone: the folder is free again.
    await start(['master', '--embedded', ...anyPorts, '--data', folder]);
  },
);
