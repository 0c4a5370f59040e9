import { reportOf } from './exit.ts';
import { exitWhenReaderLeaves } from './output.ts';
import { createProgram } from './program.ts';

/** Runs the command line; sets the process's exit code and never throws. */
export async function main(args: string[]): Promise<void> {
  exitWhenReaderLeaves();
  try {
    await createProgram().parseAsync(args, { from: 'user' });
  } catch (error) {
    const { exitCode, message } = reportOf(error, process.env.WEIGHBRIDGE_DEBUG === '1');
    if (message !== undefined) process.stderr.write(`weighbridge: ${message}\n`);
    process.exitCode = exitCode;
  }
}
