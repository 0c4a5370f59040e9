import { FailedError } from './errors.ts';

type SchedulerModule = typeof import('@weighbridge/scheduler');
type DashboardsModule = typeof import('@weighbridge/dashboards');

/** Loads the scheduler, which is installed beside the command line only where something is to run. */
export function loadScheduler(): Promise<SchedulerModule> {
  return load('@weighbridge/scheduler', () => import('@weighbridge/scheduler'));
}

/** Loads the dashboards, which are installed beside the command line only where they are to be written. */
export function loadDashboards(): Promise<DashboardsModule> {
  return load('@weighbridge/dashboards', () => import('@weighbridge/dashboards'));
}

async function load<Module>(name: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    if (!isMissing(name, cause)) throw cause;
    throw new FailedError(`this command needs the package ${name}; install it with \`npm install ${name}\``, { cause });
  }
}

function isMissing(name: string, error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ERR_MODULE_NOT_FOUND' && message.includes(`'${name}'`);
}
