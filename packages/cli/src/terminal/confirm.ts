import { createInterface } from 'node:readline/promises';
import { FailedError, UsageError } from '../errors.ts';

/**
 * Asks once, on a terminal, whether to go on. Without a terminal nobody can be asked.
 *
 * @throws UsageError without a terminal; FailedError when the answer is no.
 */
export async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new UsageError(`${question} Nobody can be asked here: say so with --yes`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new FailedError('nothing was done');
  } finally {
    terminal.close();
  }
}
