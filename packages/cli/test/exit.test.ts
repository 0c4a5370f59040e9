import { ProblemError, UnreachableError } from '@weighbridge/protocol';
import { CommanderError } from 'commander';
import { expect, test } from 'vitest';
import { FailedError, UsageError } from '../src/errors.ts';
import { reportOf } from '../src/exit.ts';

class OptionError extends Error {
  readonly code = 'bad-option';
}

test('bad use exits with 2, a failure with 1', () => {
  expect(reportOf(new UsageError('no'), false)).toEqual({ exitCode: 2, message: 'no' });
  expect(reportOf(new FailedError('no'), false)).toEqual({ exitCode: 1, message: 'no' });
  expect(reportOf(new ProblemError('not-found', 'no job x'), false)).toEqual({ exitCode: 1, message: 'no job x' });
});

test('no master exits with 3, a refused token with 4', () => {
  expect(reportOf(new UnreachableError('http://127.0.0.1:1', {}), false).exitCode).toBe(3);
  expect(reportOf(new ProblemError('unauthorized', 'no'), false)).toEqual({ exitCode: 4, message: 'no' });
});

test('so does a worker that can not start for that reason', () => {
  const cause = new UnreachableError('http://127.0.0.1:1', {});
  const failure = { code: 'master-refused', reason: cause.message };
  expect(reportOf(Object.assign(new Error('no', { cause }), { failure }), false)).toEqual({
    exitCode: 3,
    message: cause.message,
  });
  expect(reportOf(Object.assign(new Error('no'), { failure }), false).exitCode).toBe(1);
});

test('the scheduler names its own option, people see the flag', () => {
  const error = new OptionError('metricsListen must be HOST:PORT, got "x"');
  expect(reportOf(error, false)).toEqual({ exitCode: 2, message: '--metrics-listen must be HOST:PORT, got "x"' });
});

test('help that was asked for is no failure', () => {
  expect(reportOf(new CommanderError(0, 'commander.help', ''), false)).toEqual({ exitCode: 0 });
  expect(reportOf(new CommanderError(1, 'commander.help', ''), false)).toEqual({ exitCode: 2 });
});

test('an unexpected error is one sentence, and the stack only when asked for', () => {
  const error = new RangeError('broken\nin two lines');
  const { message } = reportOf(error, false);
  expect(message).toBe('broken (unexpected; set WEIGHBRIDGE_DEBUG=1 for the stack)');
  expect(reportOf(error, true).message).toContain('exit.test.ts');
  expect(reportOf('thrown text', false).message).toContain('thrown text');
});
