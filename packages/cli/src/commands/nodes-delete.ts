import type { Command } from 'commander';
import { addExamples } from '../command.ts';
import { addClientOptions, type ClientFlags, clientOf } from '../options/client-options.ts';
import { printJson, printLine } from '../terminal/output.ts';

export function addNodesDelete(nodes: Command): void {
  const command = nodes
    .command('delete')
    .description('Delete the record of a node that is stopped or lost. Its jobs and their logs stay.')
    .argument('<name>', "the node's name")
    .action(deleteNode);
  addClientOptions(command);
  addExamples(command, ['weighbridge nodes delete mill']);
}

async function deleteNode(name: string, flags: ClientFlags): Promise<void> {
  await clientOf(flags).deleteNode(name);
  if (flags.json) printJson({ node: name, deleted: true });
  else printLine(`Node ${name} was deleted.`);
}
