import type { StartFailure } from '@weighbridge/scheduler';
import { expect, test } from 'vitest';
import { reportOf } from '../src/exit.ts';
import { formatStartFailure } from '../src/words/failure-words.ts';
import { withSubmitFlag } from '../src/words/option-words.ts';

const failures: StartFailure[] = [
  { code: 'port-in-use', address: '127.0.0.1:80', option: 'metricsListen' },
  { code: 'data-unwritable', option: 'workDir', path: '/x', reason: 'EACCES' },
  { code: 'data-locked', option: 'dataDir', path: '/x', pid: 7 },
  { code: 'data-locked', option: 'workDir', path: '/x', pid: undefined },
  { code: 'token-unreadable', path: '/x', reason: 'EACCES' },
  { code: 'token-empty', path: '/x' },
  { code: 'data-foreign', madeBy: 'pglite', path: '/x' },
  { code: 'data-foreign', madeBy: 'pg-boss' },
  { code: 'data-foreign', madeBy: 'later', migration: '9.sql' },
  { code: 'no-store', path: '/x' },
  { code: 'no-schema', reason: 'no relation' },
  { code: 'store-broken', path: '/x', reason: 'broken' },
  { code: 'store-unreachable', address: 'db:5432/x', reason: 'refused' },
  { code: 'store-unsupported', lacks: 'platform', platform: 'aix-ppc64' },
  { code: 'store-unsupported', lacks: 'glibc' },
  { code: 'store-unsupported', lacks: 'package', name: '@x/y' },
  { code: 'store-unsupported', lacks: 'user', paths: ['/p', '/q'] },
  { code: 'master-refused', reason: 'unauthorized' },
  { code: 'guard-failed', reason: 'EAGAIN' },
  { code: 'leftovers', pids: [7, 8] },
];

test.each(failures)('%j is one sentence without names of the code', (failure) => {
  const sentence = formatStartFailure(failure);
  expect(sentence).not.toMatch(/\b(?:or|and)[;.]|undefined|\[object|\n|dataDir|workDir|metricsListen/);
  for (const value of Object.values(failure).flat())
    if (/^[/@\d]|:/.test(String(value))) expect(sentence).toContain(String(value));
  const thrown = Object.assign(new Error('data'), { failure });
  expect(reportOf(thrown, false)).toEqual({ exitCode: 1, message: sentence });
});

test.each([
  ['body.slots must be at most 1024, got 5000', '--slots must be at most 1024, got 5000'],
  [
    'body.files.inputs[3].name must be a plain file name',
    '--input, --output or --output-optional must be a plain file name',
  ],
  ['job.args.0 must be whole Unicode characters', 'an argument of the command must be whole Unicode characters'],
  [
    'command, args and env of body must be at most 131072 bytes together',
    'the command, its arguments and --env must be at most 131072 bytes together',
  ],
  [`"abc" in the path must be a job's identifier (UUID)`, `"abc" must be a job's identifier (UUID)`],
  ['there is no job x', 'there is no job x'],
])('a refusal names what was typed: %s', (detail, told) => {
  expect(withSubmitFlag(detail)).toBe(told);
});
