import { expect, test } from 'vitest';
import { RateMeter } from '../browser/state/rates.ts';
import { at, bandwidth } from './support/sample-bandwidth.ts';

const put = 'PUT /blobs/:sha256';

test('one snapshot gives no rate, two give bytes by second', () => {
  const meter = new RateMeter();
  expect(meter.add(bandwidth(0, [[put, 0, 0]]))).toBeUndefined();
  const rates = meter.add(bandwidth(2, [[put, 3000, 500]]));
  expect(rates).toMatchObject({ in: 1500, out: 250 });
  expect(rates?.endpoints.get(put)).toBe(1750);
});

test('an endpoint that appears counts from 0', () => {
  const meter = new RateMeter();
  meter.add(bandwidth(0, []));
  expect(meter.add(bandwidth(1, [[put, 700, 0]]))?.endpoints.get(put)).toBe(700);
});

test('the rate is that of the last three seconds', () => {
  const meter = new RateMeter();
  for (let second = 0; second <= 10; second++) meter.add(bandwidth(second, [[put, second < 5 ? 0 : 6000, 0]]));
  expect(meter.add(bandwidth(11, [[put, 6300, 0]]))?.in).toBe(100);
});

test('a late snapshot still gives a rate, but a mean over a long gap is not the rate now', () => {
  const meter = new RateMeter();
  meter.add(bandwidth(0, [[put, 0, 0]]));
  expect(meter.add(bandwidth(10, [[put, 1000, 0]]))?.in).toBe(100);
  expect(meter.add(bandwidth(70, [[put, 9000, 0]]))).toBeUndefined();
  expect(meter.add(bandwidth(71, [[put, 9300, 0]]))?.in).toBe(300);
});

test('a restarted server gives no negative rate', () => {
  const meter = new RateMeter();
  meter.add(bandwidth(0, [[put, 9000, 9000]]));
  expect(meter.add(bandwidth(1, [[put, 10, 10]]))).toBeUndefined();
  expect(meter.add(bandwidth(2, [[put, 110, 10]]))?.in).toBe(100);
});

test('two snapshots of one moment give no infinite rate', () => {
  const meter = new RateMeter();
  meter.add(bandwidth(1, [[put, 0, 0]]));
  expect(meter.add({ ...bandwidth(2, [[put, 5, 0]]), at: at(1) })).toBeUndefined();
});
