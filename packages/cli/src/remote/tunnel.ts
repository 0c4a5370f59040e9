import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { FailedError } from '../errors.ts';
import { LocalService } from './local-service.ts';

/** How a machine reaches a master that listens on this machine's loopback: a port there, through SSH, to the master here. */
export interface TunnelSettings {
  readonly target: string;
  /** `ssh` with its options. */
  readonly ssh: readonly string[];
  readonly remotePort: number;
  readonly masterHost: string;
  readonly masterPort: number;
}

const shortestPauseMs = 1000;
const longestPauseMs = 30_000;
/** A connection that lasted so long has not failed. */
const steadyMs = 60_000;

function findFolder(): string {
  const folder = join(process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'weighbridge', 'tunnels');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Keeps a node's tunnel open from now on, also when this command has ended. */
export async function startTunnel(node: string, settings: TunnelSettings): Promise<void> {
  const folder = findFolder();
  writeFileSync(join(folder, `${node}.json`), JSON.stringify(settings), { mode: 0o600 });
  const words = [process.execPath, process.argv[1] ?? '', 'nodes', 'tunnel', node];
  await new LocalService(`tunnel-${node}`, folder).start(`Weighbridge: the tunnel of node ${node}`, words);
}

/** Closes a node's tunnel for good. */
export async function removeTunnel(node: string): Promise<void> {
  const folder = findFolder();
  await new LocalService(`tunnel-${node}`, folder).stop();
  for (const end of ['json', 'log']) rmSync(join(folder, `${node}.${end}`), { force: true });
}

/** @throws FailedError where the node has no tunnel. */
export function readTunnel(node: string): TunnelSettings {
  try {
    return JSON.parse(readFileSync(join(findFolder(), `${node}.json`), 'utf8')) as TunnelSettings;
  } catch (cause) {
    throw new FailedError(`node ${node} has no tunnel here; \`weighbridge nodes add\` makes one`, { cause });
  }
}

/** Holds the connection, and makes it again when it breaks, until `signal` ends it. */
export async function holdTunnel(
  settings: TunnelSettings,
  onLost: (why: string, againMs: number) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let pauseMs = shortestPauseMs; !signal.aborted; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    const beganMs = performance.now();
    const why = await connectOnce(settings, signal);
    if (signal.aborted) return;
    if (performance.now() - beganMs > steadyMs) pauseMs = shortestPauseMs;
    onLost(why, pauseMs);
    await pause(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

async function connectOnce(settings: TunnelSettings, signal: AbortSignal): Promise<string> {
  const { target, ssh, remotePort, masterHost, masterPort } = settings;
  const [program = 'ssh', ...options] = ssh;
  const forward = `127.0.0.1:${remotePort}:${masterHost}:${masterPort}`;
  const lively = ['ExitOnForwardFailure=yes', 'ServerAliveInterval=15', 'ServerAliveCountMax=3', 'BatchMode=yes'];
  const args = [...options, '-N', '-T', ...lively.flatMap((option) => ['-o', option]), '-R', forward, target];
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const end = () => void child.kill('SIGTERM');
  signal.addEventListener('abort', end);
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  const [code] = await once(child, 'close').catch((error: Error) => [error.message]);
  signal.removeEventListener('abort', end);
  return said.trim().split('\n').at(-1) || `ssh ended with ${code}`;
}
