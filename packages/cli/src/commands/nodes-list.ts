import type { Node } from '@weighbridge/protocol';
import type { Command } from 'commander';
import { addExamples } from '../command.ts';
import { addClientOptions, type ClientFlags, clientOf } from '../options/client-options.ts';
import { formatAge } from '../terminal/format.ts';
import { printJson, printLine, printTable } from '../terminal/output.ts';

export function addNodesList(nodes: Command): void {
  const command = nodes.command('list').description('List the nodes.').action(listNodes);
  addClientOptions(command);
  addExamples(command, ['weighbridge nodes list', "weighbridge nodes list --json | jq -r '.nodes[].id'"]);
}

async function listNodes(flags: ClientFlags): Promise<void> {
  const list = await clientOf(flags).nodes();
  if (flags.json) return printJson(list);
  if (list.nodes.length === 0) return printLine('No node has registered yet; start one with `weighbridge worker`.');
  printTable(['NODE', 'STATE', 'SLOTS', 'QUEUES', 'HEARTBEAT'], list.nodes.map(rowOf));
}

function rowOf({ id, state, slots, slotsUsed, queues, lastHeartbeatAt }: Node): string[] {
  return [id, state, `${slotsUsed}/${slots}`, queues.join(','), `${formatAge(lastHeartbeatAt)} ago`];
}
