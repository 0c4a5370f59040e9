import { setTimeout as wait } from 'node:timers/promises';
import type { BandwidthSnapshot } from '@weighbridge/monitor';
import type { Scenario } from './scenario.ts';
import { Stage, type StageOptions } from './stage.ts';

/** What came of a scenario. */
export interface Outcome {
  readonly name: string;
  readonly watched: boolean;
  readonly ports: readonly number[];
  readonly connection: BandwidthSnapshot['connection'];
  readonly wire: NonNullable<Scenario['wire']>;
  readonly snapshots: number;
  readonly failures: readonly string[];
}

/** Longest that a scenario may take, in ms. */
const defaultLimitMs = 60_000;

/** Plays a scenario to its end; what goes wrong is in `failures`, never thrown. */
export async function perform(scenario: Scenario, options: StageOptions, limitMs = defaultLimitMs): Promise<Outcome> {
  const stage = new Stage(options, scenario.sampleIntervalMs);
  const limit = new AbortController();
  try {
    const { connection, failures } = await Promise.race([
      scenario.run(stage).then(() => stage.close()),
      wait(limitMs, undefined, { signal: limit.signal }).then(() => {
        throw new Error(`not done within ${limitMs} ms`);
      }),
    ]);
    return outcome(scenario, stage, connection, failures);
  } catch (error) {
    // Where a runtime can't close a server, nobody waits for it.
    await Promise.race([stage.abandon(), wait(1000)]).catch(() => {});
    return outcome(scenario, stage, { in: 0, out: 0 }, [String((error as Error).stack), ...stage.watch.failures]);
  } finally {
    limit.abort();
  }
}

function outcome(
  { name, wire = 'exact' }: Scenario,
  { options, ports, watch }: Stage,
  connection: Outcome['connection'],
  failures: readonly string[],
): Outcome {
  return { name, watched: options.watched, ports, connection, wire, snapshots: watch.snapshots, failures };
}
