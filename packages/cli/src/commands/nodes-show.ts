import type { Command } from 'commander';
import { addExamples } from '../command.ts';
import { addClientOptions, type ClientFlags, clientOf } from '../options/client-options.ts';
import { formatAge } from '../terminal/format.ts';
import { printFields, printJson, printLine, printNote, printTable } from '../terminal/output.ts';

export function addNodesShow(nodes: Command): void {
  const command = nodes
    .command('show')
    .description('Show a node and what it runs.')
    .argument('<name>', "the node's name")
    .action(showNode);
  addClientOptions(command);
  addExamples(command, ['weighbridge nodes show mill', "weighbridge nodes show mill --json | jq -r '.jobs[].id'"]);
}

async function showNode(name: string, flags: ClientFlags): Promise<void> {
  const node = await clientOf(flags).node(name);
  if (flags.json) return printJson(node);
  const labels = Object.entries(node.labels).map(([label, value]) => `${label}=${value}`);
  printFields([
    ['Node', node.id],
    ['State', node.state],
    ['Slots', `${node.slotsUsed} of ${node.slots} in use`],
    ['Queues', node.queues.join(', ')],
    ['Labels', labels.join(', ') || undefined],
    ['Registered', node.registeredAt],
    ['Heartbeat', `${formatAge(node.lastHeartbeatAt)} ago`],
  ]);
  if (node.jobs.length === 0) return;
  printLine();
  printTable(
    ['JOB', 'QUEUE', 'SLOTS', 'RUNS FOR', 'COMMAND'],
    node.jobs.map(({ id, queue, slots, startedAt, commandLine }) => [
      id,
      queue,
      String(slots),
      startedAt === undefined ? '' : formatAge(startedAt),
      commandLine,
    ]),
  );
  if (node.jobCount > node.jobs.length) printNote(`And ${node.jobCount - node.jobs.length} more.`);
}
