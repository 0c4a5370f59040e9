import { setTimeout as pause } from 'node:timers/promises';
import type { Client, NodeDetail } from '@weighbridge/protocol';
import type { Command } from 'commander';
import { addExamples } from '../command.ts';
import { addClientOptions, type ClientFlags, clientOf } from '../options/client-options.ts';
import { printJson, printLine } from '../terminal/output.ts';
import { StatusLine } from '../terminal/status-line.ts';

interface Flags extends ClientFlags {
  wait?: true;
}

const lookMs = 1000;

export function addNodesDrain(nodes: Command): void {
  const command = nodes
    .command('drain')
    .description('Give a node no further jobs, over restarts of its worker too. What it runs goes on.')
    .argument('<name>', "the node's name")
    .option('--wait', 'until it runs nothing any more')
    .action(drainNode);
  addClientOptions(command);
  addExamples(command, ['weighbridge nodes drain mill', 'weighbridge nodes drain mill --wait && ssh mill sudo reboot']);
}

export function addNodesResume(nodes: Command): void {
  const command = nodes
    .command('resume')
    .description('Give a node jobs again after a drain.')
    .argument('<name>', "the node's name")
    .action(resumeNode);
  addClientOptions(command);
  addExamples(command, ['weighbridge nodes resume mill']);
}

async function drainNode(name: string, flags: Flags): Promise<void> {
  const client = clientOf(flags);
  await client.drainNode(name);
  const node = flags.wait ? await untilIdle(client, name) : await client.node(name);
  if (flags.json) return printJson(node);
  const running =
    node.jobCount === 0 ? 'it runs nothing' : `${node.jobCount} still ${node.jobCount === 1 ? 'runs' : 'run'}`;
  printLine(`Node ${name} is given no further jobs; ${running}.`);
}

async function untilIdle(client: Client, name: string): Promise<NodeDetail> {
  const line = new StatusLine();
  try {
    for (;;) {
      const node = await client.node(name);
      if (node.jobCount === 0) return node;
      line.show(() => `Node ${name} still runs ${node.jobCount}: ${node.jobs[0]?.commandLine ?? ''}`);
      await pause(lookMs);
    }
  } finally {
    line.clear();
  }
}

async function resumeNode(name: string, flags: ClientFlags): Promise<void> {
  const node = await clientOf(flags).resumeNode(name);
  if (flags.json) return printJson(node);
  printLine(`Node ${name} is given jobs again; it is ${node.state}.`);
}
