import { parseArgs } from 'node:util';
import { batchCost } from './batch/batch-cost.ts';
import type { Bench, BenchOptions, Outcome } from './bench.ts';
import { writeIntoDocs } from './docs.ts';
import { hosts } from './hosts.ts';
import { describeMachine } from './machine.ts';
import { memoryCost } from './memory-cost.ts';
import { monitorCost } from './monitor-cost.ts';
import { pageCost } from './page/page-cost.ts';
import { accuracy } from './peers/accuracy.ts';
import { peersCost } from './peers/cost.ts';
import { resetError } from './reset-error.ts';
import { runtimes } from './runtimes.ts';
import { schedulerCost } from './scheduler/scheduler-cost.ts';
import { scrapeCost } from './scrape-cost.ts';
import { startupCost } from './startup.ts';
import { formatPlain } from './table.ts';

const benches: Readonly<Record<string, Bench>> = {
  monitor: {
    about: 'CPU a request that the monitor adds, and throughput, beside prom-client by hand',
    run: monitorCost,
  },
  scrape: { about: 'CPU and longest turn of a scrape of 22,000 samples', run: scrapeCost },
  startup: { about: 'what --import adds until a server listens', run: startupCost },
  memory: { about: 'bytes a label set, a connection, a request; a million distinct URLs', run: memoryCost },
  accuracy: { about: 'what others tell of the same traffic, scenario by scenario', run: accuracy },
  peers: { about: 'CPU a request that other packages add, on the host each is for', run: peersCost },
  reset: { about: 'bytes counted less what arrived, when a client resets', run: resetError },
  runtimes: { about: 'how many scenarios hold on Node 22, 24, 26, Deno and Bun', run: runtimes },
  page: { about: 'how smooth the live page is with 1,000 endpoints and 10,000 jobs, in a real browser', run: pageCost },
  batch: { about: 'a batch of jobs and one of files, beside GNU parallel; what a killed worker does', run: batchCost },
  scheduler: {
    about: "the scheduler's rates, waits and memory through its API, on both stores, beside pg-boss",
    run: schedulerCost,
  },
};

const help = `npm run bench -- [NAME …] [options]

Measures on this machine; quiet ones tell more. Without a name all are run:
${Object.entries(benches)
  .map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`)
  .join('\n')}

  --quick        short runs: whether it works, not figures to publish
  --host NAME    only this host, for monitor and peers; may be repeated: ${Object.keys(hosts).join(', ')}
  --json         one JSON document on standard output, of the benches that have one: ${structured()}
  --write        put the tables into docs/, where their names stand: of whole runs only
  --help         this

Example: npm run bench -- monitor --quick --host node:http`;

const { values, positionals } = readArguments();
if (values.help) console.log(help);
else {
  await runAll(positionals.length > 0 ? positionals : Object.keys(benches)).catch((error: Error) => {
    console.error(`bench: ${error.message}`);
    process.exitCode = 1;
  });
}

async function runAll(names: readonly string[]): Promise<void> {
  const options = readOptions();
  const figures: Record<string, unknown> = {};
  for (const name of names) {
    const bench = benches[name] as Bench;
    if (!values.json) console.log(`\n${name}`);
    if ('run' in bench) {
      const outcome = await bench.run(options);
      figures[name] = outcome.figures;
      tell(name, outcome);
    } else if (!values.json) await bench.print();
  }
  if (values.json)
    console.log(JSON.stringify({ machine: describeMachine(), quick: values.quick, ...figures }, null, 2));
}

function tell(name: string, { tables }: Outcome): void {
  if (!values.json) console.log(tables.map(formatPlain).join('\n\n'));
  if (values.write) writeIntoDocs(name, tables);
}

function readArguments() {
  try {
    const parsed = parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        host: { type: 'string', multiple: true, default: [] },
      },
    });
    const unknown = parsed.positionals.find((name) => !(name in benches));
    if (unknown !== undefined) refuse(`there is no '${unknown}'; there are ${Object.keys(benches).join(', ')}`);
    return parsed;
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function structured(): string {
  return Object.entries(benches)
    .flatMap(([name, bench]) => ('run' in bench ? [name] : []))
    .join(', ');
}

function readOptions(): BenchOptions {
  if (values.write && (values.quick || values.host.length > 0))
    refuse('--write stands for whole runs: neither --quick nor --host may be beside it');
  const unknown = values.host.find((name) => !(name in hosts));
  if (unknown !== undefined) refuse(`--host must be one of ${Object.keys(hosts).join(', ')}, got '${unknown}'`);
  return {
    quick: values.quick,
    hosts: values.host.length > 0 ? values.host : Object.keys(hosts),
    progress: (message) => console.error(`  … ${message}`),
  };
}

function refuse(why: string): never {
  console.error(`bench: ${why} (npm run bench -- --help)`);
  process.exit(2);
}
