import { Command } from 'commander';
import { UsageError } from './errors.ts';

/** commander's command, except that bad use is thrown as one sentence that says where to read on. */
export class WeighbridgeCommand extends Command {
  override createCommand(name?: string): Command {
    return new WeighbridgeCommand(name);
  }

  override error(message: string): never {
    const sentence = message
      .replace(/^error: /, '')
      .replaceAll('\n', ' ')
      .replace(/\.$/, '');
    throw new UsageError(`${sentence}; see \`${pathOf(this)} --help\``);
  }
}

/** Adds examples below a command's help. */
export function addExamples(command: Command, examples: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`);
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
