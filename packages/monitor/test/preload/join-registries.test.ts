import * as successor from '@prometheus-io/client';
import * as promClient from 'prom-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BandwidthMonitor, monitorBandwidth } from '../../src/index.ts';
import { RegistryJoiner } from '../../src/preload/join-registries.ts';

type Registry = successor.Registry & promClient.Registry<successor.RegistryContentType>;

/** A family may stand once in a response: twice is an error of the format. */
const countFamilies = (text: string) => text.match(/^# TYPE weighbridge_http_connections gauge$/gm)?.length ?? 0;

describe.each([
  ['@prometheus-io/client', successor],
  ['prom-client', promClient],
] as const)('%s', (_name, client) => {
  const { Registry: registryClass, register } = client as unknown as {
    Registry: (new () => Registry) & { merge(registries: Registry[]): Registry };
    register: Registry;
  };
  let monitor: BandwidthMonitor;
  let joiner: RegistryJoiner;
  let warnings: string[];
  let now: number;
  let isAggregator: boolean;

  beforeEach(() => {
    [warnings, now, isAggregator] = [[], 0, false];
    monitor = monitorBandwidth({ servers: [] });
    joiner = new RegistryJoiner(
      {
        join: (registry) => monitor.register(registry),
        leave: (registry) => monitor.unregister(registry),
        warn: (message) => warnings.push(message),
        isAggregator: () => isAggregator,
        now: () => now,
      },
      'weighbridge_http_connections',
    );
    joiner.addDefault(register);
  });
  afterEach(() => {
    joiner.stop();
    monitor.stop();
    register.clear();
  });

  const createOwn = (name: string) => {
    const own = new registryClass();
    own.registerMetric(new client.Counter({ name, help: 'Own.', registers: [] }) as never);
    return own;
  };

  test('the default registry has the families before it is served', () => {
    expect(register.getSingleMetric('weighbridge_http_connections')).toBeDefined();
  });

  test("an application's own registry has them from its first response on", async () => {
    const own = createOwn('own');
    for (let time = 0; time < 3; time++) {
      expect(countFamilies(await own.metrics())).toBe(1);
      now += 15_000;
    }
    // Served elsewhere, later: it has kept them.
    expect(countFamilies(await register.metrics())).toBe(1);
    expect(warnings).toEqual([]);
  });

  test.each([
    ['the own one first', true],
    ['the default one first', false],
  ])('a response of two registries has them once: %s', async (_order, isOwnFirst) => {
    const own = createOwn('own');
    const both = isOwnFirst ? [own, register] : [register, own];
    for (let time = 0; time < 3; time++) {
      let text = '';
      for (const each of both) text += await each.metrics();
      expect(countFamilies(text)).toBe(1);
      expect(countFamilies((await Promise.all(both.map((each) => each.metrics()))).join('\n'))).toBe(1);
      now += 15_000;
    }
    expect(warnings).toEqual([]);
  });

  test('a response of two registries has them once also when the first takes long to collect', async () => {
    const own = createOwn('own');
    const slow = new client.Gauge({
      name: 'slow',
      help: 'Slow.',
      registers: [],
      collect: () => {
        now += 5000;
      },
    });
    own.registerMetric(slow as never);
    for (let time = 0; time < 3; time++) {
      expect(countFamilies((await own.metrics()) + (await register.metrics()))).toBe(1);
      now += 15_000;
    }
    expect(warnings).toEqual([]);
  });

  test('a response of two own registries has them once', async () => {
    const [one, two] = [createOwn('one'), createOwn('two')];
    for (let time = 0; time < 3; time++) {
      expect(countFamilies((await one.metrics()) + (await two.metrics()))).toBe(1);
      now += 15_000;
    }
    expect(warnings).toEqual([]);
  });

  test('merged registries have them, with the default one and without it', async () => {
    const [one, two] = [createOwn('one'), createOwn('two')];
    const once = registryClass.merge([one, two]);
    expect(countFamilies(await registryClass.merge([register, one]).metrics())).toBe(1);
    expect(countFamilies(await registryClass.merge([one, register]).metrics())).toBe(1);
    register.clear();
    expect(warnings).toEqual([]);
    expect(countFamilies(await once.metrics())).toBe(0);
  });

  test('registries merged anew for each response have them in each', async () => {
    const [one, two] = [createOwn('one'), createOwn('two')];
    for (let time = 0; time < 3; time++) {
      expect(countFamilies(await registryClass.merge([one, two]).metrics())).toBe(1);
      now += 15_000;
    }
    expect(countFamilies(await registryClass.merge([register, one]).metrics())).toBe(1);
    expect(warnings).toEqual([]);
  });

  test('one that is served besides, at other times, is told of once', async () => {
    const own = createOwn('own');
    await register.metrics();
    now += 5000;
    expect(countFamilies(await own.metrics())).toBe(0);
    await own.metrics();
    expect(warnings).toEqual([expect.stringContaining('serve Registry.merge([…, register])')]);
  });

  test('what a primary aggregates from its workers is left alone', async () => {
    isAggregator = true;
    expect(countFamilies(await createOwn('own').metrics())).toBe(0);
    expect(warnings).toEqual([]);
  });

  test('a registry with a name of ours is told of, and no response fails', async () => {
    const own = createOwn('weighbridge_http_request_bytes_total');
    expect(countFamilies(await own.metrics())).toBe(1);
    expect(await own.metrics()).toContain('weighbridge_http_request_bytes_total 0\n');
  });
});
