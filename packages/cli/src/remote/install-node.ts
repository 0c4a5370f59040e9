import { setTimeout as pause } from 'node:timers/promises';
import { type Client, type Node, type NodeDetail, ProblemError } from '@weighbridge/protocol';
import { FailedError } from '../errors.ts';
import type { Progress } from '../terminal/progress.ts';
import { chooseNode, copyNode, copyWorker, parseMachine, type RemoteMachine } from './remote-files.ts';
import {
  logScript,
  nodeScript,
  probeScript,
  putScript,
  type RemoteWorkerSettings,
  startFile,
  startScript,
  stopScript,
  tidyScript,
  unitFile,
} from './remote-layout.ts';
import type { Ssh } from './ssh.ts';
import { startTunnel } from './tunnel.ts';

export interface InstallOptions {
  readonly client: Client;
  readonly ssh: Ssh;
  readonly sshCommand: readonly string[];
  readonly masterUrl: string;
  readonly token: string;
  /** Default: what it was named before, else the machine's own name. */
  readonly name: string | undefined;
  readonly worker: Omit<RemoteWorkerSettings, 'master' | 'name'>;
  /** The file of a Node for the machine; default: the one that runs here. */
  readonly nodeFile: string | undefined;
  /** Gives back what an earlier worker runs, instead of waiting for its end. */
  readonly isUrgent: boolean;
  readonly progress: Progress;
  /** What is done now, in words. */
  readonly onStep: (step: string) => void;
}

export interface InstalledNode {
  readonly node: Node;
  readonly service: RemoteMachine['service'];
  /** It ends with the user's last session there, because the system does not let it linger. */
  readonly endsWithSession: boolean;
  readonly hasTunnel: boolean;
}

const lookMs = 500;
const readyWithinMs = 30_000;
/** A tunnel takes a moment. */
const reachWithinMs = 15_000;

/** From a machine with sshd and nothing else to a node that is ready; the same again upgrades it in place. */
export async function installNode(options: InstallOptions): Promise<InstalledNode> {
  const { ssh, client, onStep, worker } = options;
  onStep(`Connecting to ${ssh.target}`);
  const machine = parseMachine(await ssh.run(probeScript));
  const name = toNodeName(options.name ?? (machine.name || machine.host));
  const nodeFile = chooseNode(machine, options.nodeFile);
  onStep('Copying Node');
  const node = await copyNode(ssh, machine, nodeFile, options.progress);
  await requireNode(ssh, node);
  onStep('Copying Weighbridge');
  const app = await copyWorker(ssh, machine);
  const before = await findNode(client, name);
  const { master, hasTunnel } = await reachMaster(options, machine, name, node);
  await requireMaster(ssh, node, master);
  if (machine.name !== '') await retire(options, machine.name);
  onStep('Starting the worker');
  const settings: RemoteWorkerSettings = { ...worker, master, name };
  const files: [path: string, mode: '600' | '644' | '755', content: string][] = [
    ['worker.json', '600', JSON.stringify(settings, null, 2)],
    ['token', '600', options.token],
    ['name', '644', name],
    ['start', '755', startFile(node, app)],
    ['weighbridge-worker.service', '644', unitFile(name)],
  ];
  for (const [path, mode, content] of files) await ssh.run(putScript(path, mode), content);
  const said = await ssh.run(startScript(machine.service));
  const ready = await untilReady(options, name, before?.registeredAt);
  await ssh.run(tidyScript(node, app));
  return { node: ready, service: machine.service, endsWithSession: said.includes('no-linger'), hasTunnel };
}

/** A host's name, made fit. */
function toNodeName(text: string): string {
  return (
    text
      .replace(/[^A-Za-z0-9._-]/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 63) || 'node'
  );
}

async function requireNode(ssh: Ssh, node: string): Promise<void> {
  const said = await ssh.run(nodeScript(node, '--version')).catch((error: Error) => error.message);
  const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(said) ?? [];
  if (Number(major) > 22 || (Number(major) === 22 && Number(minor) >= 18)) return;
  throw new FailedError(
    `the copied Node must run there and be 22.18 or newer, but said: ${said.trim() || 'nothing'}; name another with --node`,
  );
}

async function findNode(client: Client, name: string): Promise<NodeDetail | undefined> {
  return client.node(name).catch((error: unknown) => {
    if (error instanceof ProblemError && error.status === 404) return undefined;
    throw error;
  });
}

/** Lets an earlier worker end what it runs, and stops it. */
async function retire({ client, ssh, isUrgent, onStep }: InstallOptions, name: string): Promise<void> {
  const node = await findNode(client, name);
  if (node && node.jobCount > 0 && !isUrgent) {
    await client.drainNode(name);
    for (let left = node.jobCount; left > 0; ) {
      onStep(`Waiting for ${left === 1 ? 'the job' : `the ${left} jobs`} that ${name} runs`);
      await pause(lookMs);
      left = (await findNode(client, name))?.jobCount ?? 0;
    }
  }
  await ssh.run(stopScript);
}

/** The master's address as the machine sees it: where it listens on loopback, through a tunnel. */
async function reachMaster(
  { ssh, sshCommand, masterUrl, onStep }: InstallOptions,
  machine: RemoteMachine,
  name: string,
  node: string,
): Promise<{ master: string; hasTunnel: boolean }> {
  const url = new URL(masterUrl);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!/^(localhost|127\.|::1$)/.test(host)) return { master: masterUrl, hasTunnel: false };
  onStep('Opening a tunnel');
  const remotePort = Number(machine.port) || (await findFreePort(ssh, node));
  await ssh.run(putScript('port', '644'), String(remotePort));
  const masterPort = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  await startTunnel(name, { target: ssh.target, ssh: sshCommand, remotePort, masterHost: url.hostname, masterPort });
  return { master: `${url.protocol}//127.0.0.1:${remotePort}`, hasTunnel: true };
}

/** Asks the master from there, so that a wrong address is told before anything is stopped or started. */
async function requireMaster(ssh: Ssh, node: string, master: string): Promise<void> {
  const script = `const untilMs = Date.now() + ${reachWithinMs};
    const ask = () => fetch(${JSON.stringify(`${master}/health`)}).then(() => console.log('reached'), (error) => {
      if (Date.now() > untilMs) console.log(error.cause?.code ?? error.message);
      else setTimeout(ask, 200);
    });
    ask();`;
  const said = (await ssh.run(nodeScript(node, '-'), script)).trim();
  if (said === 'reached') return;
  throw new FailedError(
    `the machine can't reach the master at ${master} (${said}); name an address that it can reach with --master, or one on loopback, which gets a tunnel`,
  );
}

async function findFreePort(ssh: Ssh, node: string): Promise<number> {
  const script = `const server = require('node:net').createServer().listen(0, '127.0.0.1', () => { console.log(server.address().port); server.close(); })`;
  return Number(await ssh.run(nodeScript(node, '-'), script));
}

async function untilReady({ client, ssh }: InstallOptions, name: string, before: string | undefined): Promise<Node> {
  const untilMs = performance.now() + readyWithinMs;
  while (performance.now() < untilMs) {
    const node = await findNode(client, name);
    if (node && node.registeredAt !== before) {
      if (node.state === 'draining') await client.resumeNode(name);
      else if (node.state === 'ready') return node;
    }
    await pause(lookMs);
  }
  const log = (await ssh.run(logScript).catch(() => '')).trim();
  throw new FailedError(
    `node ${name} did not come up within ${readyWithinMs / 1000} s${log === '' ? '' : `; its worker said last: ${log.replaceAll('\n', ' / ')}`}`,
  );
}
