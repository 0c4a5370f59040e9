import { reportOf } from './exit.ts';
import { exitCodes } from './exit-codes.ts';
import { createProgram } from './program.ts';
import { exitWhenReaderLeaves } from './terminal/output.ts';

/** Runs the command line; sets the process's exit code and never throws. */
export async function main(args: string[]): Promise<void> {
  exitWhenReaderLeaves();
  try {
    await createProgram().parseAsync(args, { from: 'user' });
  } catch (error) {
    const { exitCode, message } = reportOf(error, process.env.WEIGHBRIDGE_DEBUG === '1');
    if (message !== undefined) process.stderr.write(`weighbridge: ${message}\n`);
    // Whoever runs a command reads the command's code: ours must not look like one.
    process.exitCode = exitCode !== exitCodes.done && isRun(args) ? exitCodes.runFailed : exitCode;
  }
}

const isRun = ([first, second]: string[]) => first === 'run' || (first === 'jobs' && second === 'run');
