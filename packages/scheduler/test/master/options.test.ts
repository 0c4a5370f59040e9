import { describe, expect, test } from 'vitest';
import { type MasterOptions, OptionError, resolveMasterOptions } from '../../src/index.ts';
import { isLoopback, parseAddress, urlOf } from '../../src/master/setup/address.ts';

test('options are complete and frozen, and resolving them again changes nothing', () => {
  const resolved = resolveMasterOptions({ dataDir: '/var/lib/weighbridge' });
  expect(resolved).toEqual({
    listen: '127.0.0.1:8080',
    metricsListen: '127.0.0.1:9090',
    dataDir: '/var/lib/weighbridge',
    store: { kind: 'embedded' },
    token: undefined,
    allow: undefined,
    reserveBytes: 256_000_000,
    maxBlobBytes: undefined,
    keepJobsSeconds: 2_592_000,
    maxConnections: 4000,
    maxConnectionsPerAddress: 1000,
    bodyRate: { bytesPerSecond: 1000, windowSeconds: 10 },
    tlsTerminatedUpstream: false,
    insecure: false,
  });
  expect(Object.isFrozen(resolved)).toBe(true);
  expect(resolveMasterOptions(resolved)).toEqual(resolved);
});

test.each<[MasterOptions | Record<string, unknown>, string]>([
  [{ listen: '8080' }, 'listen must be HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080, got "8080"'],
  [{ listen: '127.0.0.1:65536' }, 'got "127.0.0.1:65536"'],
  [{ listen: '::1:8080' }, 'got "::1:8080"'],
  [
    { listen: '127.0.0.1:9090' },
    'metricsListen (--metrics-listen) must not be the address of listen (--listen), got 127.0.0.1:9090 for both',
  ],
  [{ metricsListen: ':9090' }, 'metricsListen must be HOST:PORT'],
  [
    { listen: '0.0.0.0:8080' },
    'listen must be a loopback address unless tlsTerminatedUpstream (--tls-terminated-upstream) or insecure (--insecure) is set',
  ],
  [{ listen: '[::]:8080' }, 'got "[::]:8080"'],
  [{ listen: 'master.example:8080' }, 'got "master.example:8080"'],
  [{ keepJobsSeconds: 60 }, 'keepJobsSeconds must be 3600 (an hour) to 315360000 (ten years), got 60'],
  [{ maxConnections: 0 }, 'maxConnections must be an integer from 1 to 1000000, got 0'],
  [{ maxConnectionsPerAddress: 1.5 }, 'maxConnectionsPerAddress must be an integer from 1 to 1000000, got 1.5'],
  [{ dataDir: '' }, 'dataDir must be a folder\'s path, got ""'],
  [{ store: { kind: 'sqlite' } }, 'store.kind must be embedded or postgresql, got "sqlite"'],
  [{ store: { kind: 'postgresql', url: 'mysql://x' } }, 'store.url (--database-url) must begin with postgres://'],
  [{ token: 'short' }, 'token must be 8 to 512 printable ASCII characters without spaces, got 5 characters'],
  [{ token: 'with a space' }, 'got 12 characters'],
  [{ allow: [''] }, 'allow must be a list of commands, got [""]'],
  [{ insecure: 'yes' }, 'insecure must be true or false, got "yes"'],
  [{ colour: 'red' }, 'colour is not an option of the master'],
])('%j is refused', (input, message) => {
  const resolve = () => resolveMasterOptions(input as MasterOptions);
  expect(resolve).toThrow(OptionError);
  expect(resolve).toThrow(message);
});

test('a secret is never repeated in a message', () => {
  expect(() => resolveMasterOptions({ token: 'my secret' })).toThrow(/^(?!.*my secret)/);
  expect(() => resolveMasterOptions({ store: { kind: 'postgresql', url: 'u:secret@h' } })).toThrow(/^(?!.*secret)/);
});

test.each([{ tlsTerminatedUpstream: true }, { insecure: true }])('%j allows an address beyond loopback', (flag) => {
  expect(resolveMasterOptions({ listen: '0.0.0.0:8080', ...flag }).listen).toBe('0.0.0.0:8080');
});

describe('an address', () => {
  test.each([
    ['127.0.0.1:0', true, 'http://127.0.0.1:0'],
    ['127.8.9.10:1', true, 'http://127.8.9.10:1'],
    ['localhost:8080', true, 'http://localhost:8080'],
    ['[::1]:8080', true, 'http://[::1]:8080'],
    ['[::]:8080', false, 'http://[::1]:8080'],
    ['0.0.0.0:8080', false, 'http://127.0.0.1:8080'],
    ['192.0.2.1:8080', false, 'http://192.0.2.1:8080'],
  ])('%s', (text, loopback, url) => {
    const address = parseAddress('listen', text);
    expect([isLoopback(address), urlOf(address)]).toEqual([loopback, url]);
  });
});
