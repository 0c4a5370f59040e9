import { nodeVersions } from '../packages/monitor/test/accuracy/outside/node-binaries.ts';
import { type GroupResult, playQuick } from '../packages/monitor/test/accuracy/outside/quick-run.ts';
import {
  nodeRuntime,
  type OtherRuntime,
  otherRuntime,
  otherRuntimes,
} from '../packages/monitor/test/accuracy/outside/runtime-binaries.ts';
import type { BenchOptions, Outcome } from './bench.ts';

/** How many of the quick scenarios hold on each runtime. */
export async function runtimes({ progress }: BenchOptions): Promise<Outcome> {
  const all = [...nodeVersions.map(nodeRuntime), ...(Object.keys(otherRuntimes) as OtherRuntime[]).map(otherRuntime)];
  const results: { runtime: string; groups: GroupResult[] }[] = [];
  for (const runtime of all) {
    progress(runtime.name);
    results.push({ runtime: runtime.name, groups: await playQuick(runtime) });
  }
  const groups = results[0]?.groups ?? [];
  const rows = groups.map(({ group, scenarios }, index) => [
    `${group} (${scenarios})`,
    ...results.map((result) => String(result.groups[index]?.passed)),
  ]);
  const gauges = results.map((result) => (result.groups.every(({ exact }) => exact) ? '1' : '0'));
  return {
    tables: [
      {
        caption: 'Scenarios whose counts equal what the clients saw, of each kind so many',
        head: ['scenarios', ...results.map(({ runtime }) => runtime)],
        rows: [...rows, ['http_capture_exact', ...gauges]],
      },
    ],
    figures: results,
  };
}
