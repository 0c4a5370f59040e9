import type { Command } from 'commander';
import { addExamples } from '../command.ts';
import { holdTunnel, readTunnel } from '../remote/tunnel.ts';
import { listenForStop } from '../services/stop-signals.ts';
import { printLine } from '../terminal/output.ts';

export function addNodesTunnel(nodes: Command): void {
  const command = nodes
    .command('tunnel')
    .description(
      "Hold a node's tunnel open, by which it reaches a master that listens on loopback. `nodes add` starts it by itself; after a restart of this machine without systemd, this does.",
    )
    .argument('<name>', "the node's name")
    .action(tunnel);
  addExamples(command, ['weighbridge nodes tunnel mill']);
}

async function tunnel(name: string): Promise<void> {
  const settings = readTunnel(name);
  const stopping = new AbortController();
  const signals = listenForStop(process, () => process.exit(1));
  void signals.first.then(() => stopping.abort());
  printLine(`${new Date().toISOString()} The tunnel to ${settings.target} is held.`);
  await holdTunnel(
    settings,
    (why, againMs) => printLine(`${new Date().toISOString()} It broke: ${why}. Again in ${againMs / 1000} s.`),
    stopping.signal,
  );
  signals.dispose();
}
