// Plays the quick scenarios of one group in this process, whatever runtime it is, and tells the result as JSON.
// node run-quick.ts GROUP
import { monitorBandwidth } from '@weighbridge/monitor';
import { perform } from './perform.ts';
import { scenarioGroups } from './scenarios/index.ts';

/** What came of one group. */
export interface QuickResult {
  readonly passed: number;
  /** The first contradiction of each scenario that failed. */
  readonly failures: readonly string[];
  /** What `http_capture_exact` says in the end. */
  readonly exact: boolean;
  /** What the monitor told the operator about this runtime. */
  readonly warnings: readonly string[];
}

/** Longest that a scenario may take here, in ms: all are done within one second on Node. */
const limitMs = 5000;
const seed = 1;
/** How a monitor tells that it isn't exact, which the scenarios take for a failure. */
const inexact = /^weighbridge: counts on|capture_exact: expected 1, got 0$/;

// A runtime may throw where nobody can catch it; the scenario fails by what it counted.
process.on('uncaughtException', () => {});
process.on('unhandledRejection', () => {});

const warnings = new Set<string>();
const failures: string[] = [];
let passed = 0;
for (const scenario of scenarioGroups[process.argv[2] as string] ?? []) {
  if (scenario.slow) continue;
  const options = { watched: false, seed, largeBytes: 4_000_000, nextPort: () => 0 };
  const outcome = await perform(scenario, options, limitMs);
  for (const line of outcome.failures) if (line.startsWith('weighbridge:')) warnings.add(line);
  const [first] = outcome.failures.filter((line) => !inexact.test(line));
  if (first === undefined) passed++;
  else failures.push(`${scenario.name}: ${first.split('\n')[0]}`);
}
const text = await monitorBandwidth({ servers: [], warn: (message) => warnings.add(message) }).text();
const result: QuickResult = { passed, failures, exact: /capture_exact 1$/m.test(text), warnings: [...warnings] };
process.stdout.write(JSON.stringify(result), () => process.exit());
