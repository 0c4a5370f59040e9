import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { QuickResult } from '../run-quick.ts';
import { scenarioGroups } from '../scenarios/index.ts';
import type { Runtime } from './runtime-binaries.ts';

const program = fileURLToPath(new URL('../run-quick.ts', import.meta.url));
/** A group whose process ends without a word has failed. */
const patienceMs = 120_000;

/** How one group went on one runtime. */
export interface GroupResult extends QuickResult {
  readonly group: string;
  readonly scenarios: number;
}

/** Plays the quick scenarios on a runtime, each group in a process of its own; only some groups, where `chosen`. */
export async function playQuick({ binary, args }: Runtime, chosen?: readonly string[]): Promise<GroupResult[]> {
  const results: GroupResult[] = [];
  for (const [group, all] of Object.entries(scenarioGroups)) {
    if (chosen !== undefined && !chosen.includes(group)) continue;
    const scenarios = all.filter(({ slow }) => !slow).length;
    results.push({ group, scenarios, ...(await playGroup(binary, [...args, program, group])) });
  }
  return results;
}

async function playGroup(binary: string, args: readonly string[]): Promise<QuickResult> {
  try {
    const { stdout } = await promisify(execFile)(binary, args, { timeout: patienceMs, killSignal: 'SIGKILL' });
    return JSON.parse(stdout) as QuickResult;
  } catch (error) {
    const [first] = String((error as { stderr?: string }).stderr || error).split('\n');
    return { passed: 0, failures: [`the process ended: ${first}`], exact: false, warnings: [] };
  }
}
