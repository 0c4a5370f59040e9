import { FailedError } from './errors.ts';

type SchedulerModule = typeof import('@weighbridge/scheduler');

/** Loads the scheduler, which is installed beside the command line only where something is to run. */
export async function loadScheduler(): Promise<SchedulerModule> {
  try {
    return await import('@weighbridge/scheduler');
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    const name = '@weighbridge/scheduler';
    throw new FailedError(`this command needs the package ${name}; install it with \`npm install ${name}\``, { cause });
  }
}

function isMissing(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ERR_MODULE_NOT_FOUND' && message.includes("'@weighbridge/scheduler'");
}
