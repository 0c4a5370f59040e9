import { expect, test } from 'vitest';
import { type MonitorOptions, monitorBandwidth } from '../src/index.ts';

test.each([
  [{ maxEndpoint: 5 }, 'maxEndpoint is not an option of the monitor; the nearest is maxEndpoints'],
  [{ server: [] }, 'server is not an option of the monitor; the nearest is servers'],
  [{ clientof: () => 'x' }, 'clientof is not an option of the monitor; the nearest is clientOf'],
])('the option %j is refused by name', (options, message) => {
  expect(() => monitorBandwidth(options as MonitorOptions)).toThrow(new RangeError(message));
});
