import { describe, expect, test, vi } from 'vitest';
import { OptionError } from '../../src/errors.ts';
import { resolveWorkerOptions, type WorkerOptions } from '../../src/worker/index.ts';
import { parseEnvironment } from '../../src/worker/worker-options.ts';

const least = { master: 'http://127.0.0.1:8080', token: 'a-token' };

describe('resolveWorkerOptions', () => {
  test('fills in every default and freezes', () => {
    const options = resolveWorkerOptions(least);
    expect(options).toMatchObject({ queues: ['default'], allow: [], cacheBytes: 1024 ** 3, workDir: './data/worker' });
    // Chosen at the start, among those that are free.
    expect(options.name).toBeUndefined();
    expect(options.slots).toBeGreaterThan(0);
    expect([options, options.queues, options.allow, options.env].every(Object.isFrozen)).toBe(true);
  });

  test('takes what it returned as it is', () => {
    const options = resolveWorkerOptions({ ...least, env: ['A=1', 'B=x=y'], allow: ['gzip'] });
    expect(resolveWorkerOptions(options)).toEqual(options);
  });

  test('reads a variable that is only named, and leaves out one that is not set', () => {
    vi.stubEnv('WB_SET', 'here');
    const { env } = resolveWorkerOptions({
      ...least,
      env: ['WB_SET', 'WB_UNSET', 'EMPTY=', 'EQUALS=a=b\nc', 'PATH=/x'],
    });
    vi.unstubAllEnvs();
    expect(parseEnvironment(env)).toEqual({ WB_SET: 'here', EMPTY: '', EQUALS: 'a=b\nc', PATH: '/x' });
  });

  test.each<[Partial<Record<keyof WorkerOptions, unknown>>, string]>([
    [{ master: 'localhost:8080' }, 'master must be an http or https address, got "localhost:8080"'],
    [{ token: '' }, 'token must be a text that is not empty, got ""'],
    [{ name: 'a b' }, 'name must be 1 to 63 of letters'],
    [{ name: 'x'.repeat(64) }, 'name must be 1 to 63'],
    [{ queues: [] }, 'queues must be 1 to 100 names, got []'],
    [{ queues: ['ok', '-bad'] }, 'queues must be 1 to 63 of letters'],
    [{ slots: 0 }, 'slots must be an integer from 1 to 1024, got 0'],
    [{ slots: 1.5 }, 'slots must be an integer from 1 to 1024, got 1.5'],
    [{ allow: ['/bin/gzip'] }, `allow must be a command's name without '/', got "/bin/gzip"`],
    [{ env: ['1A=x'] }, 'env must be NAME or NAME=value, got "1A=x"'],
    [{ cacheBytes: -1 }, 'cacheBytes must be an integer from 0'],
    [{ unknown: 1 } as object, 'unknown is not an option of the worker'],
  ])('refuses %j', (input, message) => {
    const resolve = () => resolveWorkerOptions({ ...least, ...input } as WorkerOptions);
    expect(resolve).toThrow(OptionError);
    expect(resolve).toThrow(message);
  });
});
