import { hasWorkers, takeRole } from '../aggregate/role.ts';
import { findObstacle } from '../capture/process-capture.ts';
import { monitorBandwidth } from '../monitor.ts';
import { type RegistryAccess, RegistryJoiner } from './join-registries.ts';
import { Service } from './service.ts';
import { resolveSettings } from './settings.ts';

// `node --import @weighbridge/monitor/register app.js`: counts, joins the application's registry, serves the page.
const warn = (message: string) => console.warn(message);
try {
  const obstacle = findObstacle();
  if (obstacle === undefined) start();
  else warn(obstacle);
} catch (error) {
  // Whatever it is: the application runs on without a monitor.
  warn(`weighbridge: not monitored: ${(error as Error)?.stack ?? error}`);
}

function start(): void {
  const settings = resolveSettings(process.env, warn);
  const { prefix, maxEndpoints, endpoints } = settings;
  const monitor = monitorBandwidth({ prefix, maxEndpoints, endpoints, warn });
  const access: RegistryAccess = {
    join: (registry) => monitor.register(registry),
    leave: (registry) => monitor.unregister(registry),
    isAggregator: hasWorkers,
    now: () => performance.now(),
    warn,
  };
  new RegistryJoiner(access, `${prefix}http_connections`).start();
  new Service(monitor, settings, takeRole(process.env), warn).start();
}
