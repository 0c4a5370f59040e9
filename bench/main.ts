import { monitorCost } from './monitor-cost.ts';
import { embeddedStalls, submitToStart } from './scheduler.ts';
import { scrapeCost } from './scrape-cost.ts';

/** `npm run bench` runs all; `npm run bench -- NAME …` some. Figures are medians with 95 % intervals. */
const benches: Record<string, () => Promise<void>> = {
  monitor: monitorCost,
  scrape: scrapeCost,
  start: submitToStart,
  stalls: embeddedStalls,
};

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in benches));
if (unknown !== undefined) {
  console.error(`bench: there is no '${unknown}'; there are ${Object.keys(benches).join(', ')}`);
  process.exit(2);
}
for (const [name, run] of Object.entries(benches)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`\n${name}`);
  await run();
}
