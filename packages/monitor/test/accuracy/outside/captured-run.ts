import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Outcome } from '../perform.ts';
import { readCapture } from './pcap.ts';
import type { TcpPayload } from './tcp-payload.ts';

const program = fileURLToPath(new URL('../run-scenarios.ts', import.meta.url));
/** Below the range that the kernel takes clients' ports from (32768 on). */
const firstPort = 10_000;
/** Ethernet, IPv6 and TCP headers with every option. */
const snapBytes = 14 + 40 + 60;

export interface CapturedRun {
  readonly outcomes: readonly Outcome[];
  readonly payload: TcpPayload;
}

/**
 * Plays all scenarios in a network namespace of their own while tcpdump captures its loopback.
 *
 * @throws Error when tcpdump lost a packet or the scenarios' process failed.
 */
export async function runCaptured(
  node: string,
  file: string,
  { seed, largeBytes }: { seed: number; largeBytes: number },
): Promise<CapturedRun> {
  const namespace = `weighbridge-${process.pid}`;
  execFileSync('ip', ['netns', 'add', namespace]);
  try {
    execFileSync('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
    const capture = await startCapture(namespace, file);
    const outcomes = await playIn(namespace, [node, program, seed, largeBytes, firstPort].map(String));
    await capture.stop();
    return { outcomes, payload: readCapture(readFileSync(file)) };
  } finally {
    execFileSync('ip', ['netns', 'delete', namespace]);
  }
}

async function startCapture(namespace: string, file: string): Promise<{ stop(): Promise<void> }> {
  const options = ['-i', 'lo', '-nn', '-Z', 'root', '--immediate-mode', '-B', '65536', '-s', String(snapBytes)];
  const tcpdump = spawn('ip', ['netns', 'exec', namespace, 'tcpdump', ...options, '-w', file, 'tcp'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let told = '';
  tcpdump.stderr.on('data', (text) => {
    told += text;
  });
  const closed = once(tcpdump, 'close');
  while (!told.includes('listening on')) {
    if (tcpdump.exitCode !== null) throw new Error(`tcpdump failed: ${told}`);
    await Promise.race([once(tcpdump.stderr, 'data'), closed]);
  }
  return {
    async stop() {
      // Segments of the last moment are on their way from the kernel's ring to the file.
      await wait(300);
      tcpdump.kill('SIGINT');
      await closed;
      if (!told.includes('\n0 packets dropped by kernel')) throw new Error(`tcpdump lost packets: ${told}`);
    },
  };
}

async function playIn(namespace: string, command: readonly string[]): Promise<Outcome[]> {
  const child = spawn('ip', ['netns', 'exec', namespace, ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (text) => {
    complaints += text;
  });
  const closed = once(child, 'close');
  const outcomes: Outcome[] = [];
  for await (const line of createInterface({ input: child.stdout })) outcomes.push(JSON.parse(line));
  const [code] = await closed;
  if (code !== 0) throw new Error(`the scenarios ended with ${code}: ${complaints}`);
  return outcomes;
}
