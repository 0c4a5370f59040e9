import { describe, expect, test } from 'vitest';
import { nodeVersions } from './outside/node-binaries.ts';
import { playQuick } from './outside/quick-run.ts';
import { nodeRuntime, otherRuntime } from './outside/runtime-binaries.ts';

describe('each group of scenarios in a process of its own', () => {
  test.each(nodeVersions)(
    'Node %s: every scenario holds, and the gauge is 1',
    async (version) => {
      for (const { group, scenarios, ...result } of await playQuick(nodeRuntime(version))) {
        expect(result, group).toEqual({ failures: [], passed: scenarios, exact: true, warnings: [] });
      }
    },
    300_000,
  );

  test('Deno: the gauge is 0, a sentence says why, and complete exchanges are right', async () => {
    const results = await playQuick(otherRuntime('deno'), ['messages of HTTP/1', 'bodies', 'TLS', 'streams of HTTP/2']);
    for (const { exact, warnings } of results) {
      expect(exact).toBe(false);
      expect(warnings.join()).toMatch(/counts on Deno [\d.]+ are not exact, http_capture_exact is 0; missing: /);
    }
    expect(results.slice(0, 2)).toMatchObject([{ failures: [] }, { failures: [] }]);
  }, 300_000);

  // Each scenario waits there for what never comes: one group is enough, `npm run bench -- runtimes` plays all.
  test('Bun: the gauge is 0, and a sentence says why', async () => {
    const [result] = await playQuick(otherRuntime('bun'), ['bodies']);
    expect(result?.failures).not.toEqual([]);
    expect(result?.exact).toBe(false);
    expect(result?.warnings.join()).toMatch(/counts on Bun [\d.]+ are not exact, http_capture_exact is 0; missing: /);
  }, 300_000);
});
