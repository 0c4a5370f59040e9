import { expect, test } from 'vitest';
import { anyPorts, start, stop, weighbridge } from './support/cli.ts';
import { createFolder } from './support/folder.ts';
import { lacksPrograms } from './support/needs.ts';

const missing = lacksPrograms({ psql: 'postgresql-client' });

test.skipIf(missing)('psql opens the store of a running master and of none', async () => {
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
});
