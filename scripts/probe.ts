// Tells what a runtime has of Node's insides that the monitor touches, by the probes of the self-test.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  nodeRuntime,
  type OtherRuntime,
  otherRuntime,
  otherRuntimes,
  type Runtime,
} from '../packages/monitor/test/accuracy/outside/runtime-binaries.ts';
import type { ProbeResult } from './probe-here.ts';

const help = `npm run probe -- [--node VERSION | --deno | --bun] [--json]

Prints what the monitor touches of Node's insides, since when Node has it, whether the probe of each passes, and what
is less exact without it. Runs the runtime on a server of each kind over loopback. Without an option: the Node that
runs this. Another is fetched from npm, once. Exit code 1 when something is missing.

Examples:
  npm run probe -- --node 26
  npm run probe -- --bun --json`;

const program = fileURLToPath(new URL('probe-here.ts', import.meta.url));
/** A runtime that answers nothing is broken. */
const patienceMs = 30_000;

process.exitCode = main();

function main(): number {
  try {
    const { values } = parseArgs({
      options: {
        node: { type: 'string' },
        deno: { type: 'boolean' },
        bun: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) {
      console.log(help);
      return 0;
    }
    const runtime = chooseRuntime(values);
    const results = probe(runtime);
    if (values.json) console.log(JSON.stringify({ runtime: runtime.name, probes: results }, null, 2));
    else console.log(format(runtime, results));
    return results.every(({ result }) => result === 'passed') ? 0 : 1;
  } catch (error) {
    console.error(`probe: ${(error as Error).message}`);
    return 2;
  }
}

function chooseRuntime(values: { node?: string; deno?: boolean; bun?: boolean }): Runtime {
  const others = (Object.keys(otherRuntimes) as OtherRuntime[]).filter((name) => values[name]);
  if (others.length + (values.node === undefined ? 0 : 1) > 1) throw new Error('one of --node, --deno and --bun');
  if (others[0] !== undefined) return otherRuntime(others[0]);
  if (values.node !== undefined) return nodeRuntime(values.node);
  return { name: `Node ${process.versions.node}`, binary: process.execPath, args: ['--no-warnings'] };
}

function probe({ name, binary, args }: Runtime): ProbeResult[] {
  try {
    const told = execFileSync(binary, [...args, program], {
      encoding: 'utf8',
      timeout: patienceMs,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return JSON.parse(told) as ProbeResult[];
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    throw new Error(
      `${name} did not finish the probes: ${stderr.trim().split('\n').at(-1) || (error as Error).message}`,
    );
  }
}

function format({ name }: Runtime, results: readonly ProbeResult[]): string {
  const width = Math.max(...results.map(({ what }) => what.length));
  const lines = results.map(
    ({ result, what, since, without }) =>
      `${result.padEnd(7)}  ${what.padEnd(width)}  since Node ${since.padEnd(4)}  without it ${without}`,
  );
  return [`${name}:`, ...lines].join('\n');
}
