import { Command } from 'commander';
import { UsageError } from './errors.ts';
import { exitCodesHelp } from './exit-codes.ts';

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

/** Adds examples below a command's help, and what its exit codes mean. */
export function addExamples(command: Command, examples: readonly string[], codes = exitCodesHelp): Command {
  const lines = examples.map((example) => `  $ ${example}`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}\n\n${codes}`);
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
