import { setTimeout as pause } from 'node:timers/promises';
import { type Client, ProblemError } from '@weighbridge/protocol';
import type { Command } from 'commander';
import { addExamples } from '../command.ts';
import { FailedError } from '../errors.ts';
import { addClientOptions, type ClientFlags, clientOf } from '../options/client-options.ts';
import { parseMachine } from '../remote/remote-files.ts';
import { probeScript, removeScript, stopScript } from '../remote/remote-layout.ts';
import { parseSshCommand, Ssh } from '../remote/ssh.ts';
import { removeTunnel } from '../remote/tunnel.ts';
import { printJson, printLine } from '../terminal/output.ts';
import { addSshOption, type SshFlags } from './nodes-add.ts';

interface Flags extends ClientFlags, SshFlags {}

const goneWithinMs = 10_000;
const lookMs = 200;

export function addNodesRemove(nodes: Command): void {
  const command = nodes
    .command('remove')
    .description(
      'Take back what `nodes add` did: stops the worker there, which gives back what it runs, removes all that was copied, closes the tunnel, and deletes the record.',
    )
    .argument('<user@host>', 'the machine, as ssh knows it')
    .action(removeNode);
  addSshOption(command);
  addClientOptions(command);
  addExamples(command, [
    'weighbridge nodes remove ann@mill',
    'weighbridge nodes drain mill --wait && weighbridge nodes remove ann@mill   # once what it runs has ended',
  ]);
}

async function removeNode(target: string, flags: Flags): Promise<void> {
  const client = clientOf(flags);
  const ssh = new Ssh(target, parseSshCommand(flags.ssh));
  try {
    const { name } = parseMachine(await ssh.run(probeScript));
    if (name === '') throw new FailedError(`${target} is no node that was added here`);
    await ssh.run(stopScript);
    await ssh.run(removeScript);
    await deleteRecord(client, name);
    await removeTunnel(name);
    if (flags.json) printJson({ node: name, removed: true });
    else printLine(`Node ${name} was removed from ${target}.`);
  } finally {
    await ssh.close();
  }
}

/** Its worker's goodbye may still be on its way. */
async function deleteRecord(client: Client, name: string): Promise<void> {
  for (const untilMs = performance.now() + goneWithinMs; ; await pause(lookMs)) {
    try {
      return await client.deleteNode(name);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      if (error.status === 404) return;
      if (error.code !== 'node-in-use' || performance.now() > untilMs) throw error;
    }
  }
}
