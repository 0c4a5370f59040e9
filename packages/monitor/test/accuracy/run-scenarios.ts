// Plays every scenario in this process, twice, and tells each outcome as a line of JSON.
// node run-scenarios.ts SEED LARGE_BYTES FIRST_PORT [NAME]
import { perform } from './perform.ts';
import { scenarios } from './scenarios/index.ts';

const [seed = 0, largeBytes = 0, firstPort = 0] = process.argv.slice(2, 5).map(Number);
const only = process.argv[5];
let port = firstPort;

for (const scenario of scenarios) {
  if (only !== undefined && scenario.name !== only) continue;
  for (const watched of [true, false]) {
    const outcome = await perform(scenario, { watched, seed, largeBytes, nextPort: () => port++ });
    process.stdout.write(`${JSON.stringify(outcome)}\n`);
  }
}
