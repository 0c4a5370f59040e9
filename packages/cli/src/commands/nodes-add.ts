import type { Command } from 'commander';
import { addExamples } from '../command.ts';
import { addClientOptions, type ClientFlags, clientOf, readToken } from '../options/client-options.ts';
import { addWorkerOptions, toWorkerOptions, type WorkerFlags } from '../options/worker-flags.ts';
import { type InstalledNode, installNode } from '../remote/install-node.ts';
import { parseSshCommand, Ssh } from '../remote/ssh.ts';
import { printJson, printLine, printNote } from '../terminal/output.ts';
import { createProgress } from '../terminal/progress.ts';

export interface SshFlags {
  ssh: string;
}

interface Flags extends ClientFlags, SshFlags, WorkerFlags {
  name?: string;
  node?: string;
  now?: true;
}

/** Adds `--ssh`. */
export function addSshOption(command: Command): Command {
  return command.option('--ssh <command>', 'how the machine is reached, with options', 'ssh');
}

export function addNodesAdd(nodes: Command): void {
  const command = nodes
    .command('add')
    .description(
      'Make a node of a machine, over SSH: copies Node and Weighbridge there, starts a worker that stays, and shows it ready. Nothing has to be installed there but sshd. The same again upgrades it in place, once what it runs has ended.',
    )
    .argument('<user@host>', 'the machine, as ssh knows it')
    .option('--name <name>', "the node's name (default: as before, or the machine's own)")
    .option('--node <file>', 'the Node to copy, for a machine of another kind (default: the one that runs this)')
    .option('--now', 'give back what an earlier worker runs, instead of waiting for it')
    .action(addNode);
  addWorkerOptions(command);
  addSshOption(command);
  addClientOptions(command);
  addExamples(command, [
    'weighbridge nodes add ann@mill --allow ffmpeg,gzip',
    'weighbridge nodes add ann@10.0.0.7 --ssh "ssh -p 2222 -i ~/.ssh/farm" --queue gpu --slots 2 --allow ffmpeg',
    'weighbridge nodes add pi@berry --node node-v24-linux-arm64/bin/node --allow gzip',
  ]);
}

async function addNode(target: string, flags: Flags): Promise<void> {
  const { name, allow } = flags;
  const sshCommand = parseSshCommand(flags.ssh);
  const ssh = new Ssh(target, sshCommand);
  try {
    const installed = await installNode({
      client: clientOf(flags),
      ssh,
      sshCommand,
      masterUrl: flags.master,
      token: readToken(flags.tokenFile),
      name,
      worker: toWorkerOptions(flags),
      nodeFile: flags.node,
      isUrgent: flags.now === true,
      progress: createProgress(),
      onStep: createStepPrinter(),
    });
    if (flags.json) return printJson(installed);
    tell(installed, target, allow ?? []);
  } finally {
    await ssh.close();
  }
}

/** A step that takes long is told again and again; it is printed once. */
function createStepPrinter(): (step: string) => void {
  let last = '';
  return (step) => {
    if (step !== last) printNote(`${step} …`);
    last = step;
  };
}

function tell(installed: InstalledNode, target: string, allow: readonly string[]): void {
  const { node, service, hasTunnel, endsWithSession } = installed;
  const allowed = allow.length === 0 ? 'no command (name some with --allow)' : allow.join(', ');
  const slots = `${node.slots} ${node.slots === 1 ? 'slot' : 'slots'}`;
  printLine(`Node ${node.id} on ${target} is ready: ${slots}, queues ${node.queues.join(', ')}, allowed: ${allowed}.`);
  printLine(
    service === 'systemd'
      ? 'Its worker is a systemd user unit, weighbridge-worker.service, which comes back by itself.'
      : 'Its worker runs by itself, as there is no systemd for the user: after a restart of the machine, add it again.',
  );
  if (hasTunnel)
    printLine(`It reaches this master through a tunnel that runs here: weighbridge nodes tunnel ${node.id}.`);
  if (endsWithSession)
    printNote(`It ends with the last session of that user: run \`loginctl enable-linger\` there as root.`);
}
