import { defaultPrefix, schedulerPrefix } from './bandwidth-names.ts';

/** What is to be watched: whose metrics, and where they are scraped. */
export interface MonitoredService {
  /** What stands before `http_…` in its metrics' names. */
  readonly prefix: string;
  /** The name of its scrape job, and of its rule file. */
  readonly job: string;
  /** `host:port` of its metrics. */
  readonly target: string;
  /** A Weighbridge scheduler has queues and nodes to watch as well. */
  readonly isScheduler: boolean;
  /** Stands before the anchor in an alert's runbook link. */
  readonly runbook: string;
}

const runbook = 'docs/BANDWIDTH_MONITORING.md';

/** The master of a scheduler with its default ports. */
export const schedulerService: MonitoredService = Object.freeze({
  prefix: schedulerPrefix,
  job: 'weighbridge-master',
  target: '127.0.0.1:9090',
  isScheduler: true,
  runbook,
});

/** What a caller may choose. */
export interface ServiceOptions {
  /** The option `prefix` of the service's monitor; left out: Weighbridge's own scheduler. */
  readonly prefix?: string;
  /** `host:port` of its metrics. Default `127.0.0.1:9090` for the scheduler, else `127.0.0.1:9465`. */
  readonly target?: string;
  /** Where BANDWIDTH_MONITORING.md can be read, for the alerts' runbook links. */
  readonly runbook?: string;
}

/** @throws RangeError for a prefix that no metric name can begin with, or a target that is no `host:port`. */
export function resolveService(options: ServiceOptions = {}): MonitoredService {
  const { prefix = schedulerPrefix } = options;
  const isScheduler = prefix === schedulerPrefix;
  const { job, target } = isScheduler ? schedulerService : { job: toJobName(prefix), target: '127.0.0.1:9465' };
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(prefix)) {
    throw new RangeError(`prefix must be the beginning of a metric name ([a-zA-Z_:][a-zA-Z0-9_:]*), got '${prefix}'`);
  }
  const service = { prefix, job, isScheduler, target: options.target ?? target, runbook: options.runbook ?? runbook };
  if (!/^[^\s:/]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/.test(service.target)) {
    throw new RangeError(`target must be host:port, got '${service.target}'`);
  }
  return Object.freeze(service);
}

/** `shop_` → `shop`: a job's name is also a file's. */
function toJobName(prefix: string): string {
  return prefix.replaceAll(':', '_').replace(/^_+|_+$/g, '') || defaultPrefix.slice(0, -1);
}
