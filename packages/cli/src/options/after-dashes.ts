import type { Command } from 'commander';
import { UsageError } from '../errors.ts';

/**
 * The words on both sides of the first `--`, for a command that takes something before it as well.
 *
 * @throws UsageError where one side is empty.
 */
export function splitAtDashes(command: Command, words: readonly string[]): { before: string[]; after: string[] } {
  const root = (one: Command): Command => (one.parent ? root(one.parent) : one);
  const { rawArgs } = root(command) as Command & { rawArgs: string[] };
  const at = rawArgs.indexOf('--');
  const count = at < 0 ? 0 : rawArgs.length - at - 1;
  const before = words.slice(0, words.length - count);
  if (count === 0 || before.length === 0)
    throw new UsageError(
      "name the files first, then `--`, then the command, e.g. 'clips/*.mov' -- ffmpeg -i {} {.}.mp4",
    );
  return { before, after: words.slice(words.length - count) };
}
