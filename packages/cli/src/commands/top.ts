import { Client, UnreachableError } from '@weighbridge/protocol';
import { type Command, Option } from 'commander';
import { addExamples } from '../command.ts';
import { FailedError, UsageError } from '../errors.ts';
import { addClientOptions, type ClientFlags, clientOf } from '../options/client-options.ts';
import { printJson, printLine } from '../terminal/output.ts';
import { drawTop, type TopView } from '../top/draw.ts';
import { followService, refreshLists } from '../top/follow-service.ts';
import { Terminal } from '../top/terminal.ts';
import { type SortKey, sortKeys, TopState } from '../top/top-state.ts';

interface TopFlags extends ClientFlags {
  app?: string;
  sort: SortKey;
  once?: true;
}

const sortByKey: Readonly<Record<string, SortKey>> = { r: 'rate', i: 'in', o: 'out', x: 'exchanges', n: 'name' };
/** Wide enough for every column, where there is no terminal that says how wide it is. */
const defaultColumns = 120;

export function addTop(program: Command): void {
  const command = program
    .command('top')
    .description('Watch what a service moves: rates, endpoints, transfers; of a master nodes and jobs too.')
    .option('--app <url>', "the live page's address of any service with the monitor, instead of a master")
    .addOption(new Option('--sort <key>', 'what endpoints are sorted by').choices(sortKeys).default('rate'))
    .option('--once', 'print what is now, and end')
    .action(top);
  addClientOptions(command);
  addExamples(command, [
    'weighbridge top',
    'weighbridge top --app http://127.0.0.1:9465',
    'weighbridge top --once --sort out',
    "weighbridge top --json | jq '.rates.out'",
  ]);
}

async function top(flags: TopFlags): Promise<void> {
  const client = flags.app === undefined ? clientOf(flags) : new Client({ url: parseAppUrl(flags.app) });
  const state = new TopState();
  try {
    if (flags.once) await showOnce(client, state, flags);
    else if (flags.json) await printEachSecond(client, state, flags);
    else await watch(client, state, flags);
  } catch (error) {
    if (error instanceof UnreachableError && flags.app !== undefined)
      throw new FailedError(
        `nothing answers at ${flags.app}; is the service running with the monitor, and is this where its page is?`,
        { cause: error },
      );
    throw error;
  }
}

function parseAppUrl(text: string): string {
  const url = URL.parse(text);
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return text;
  throw new UsageError(`--app must be an http or https address such as http://127.0.0.1:9465, got ${text}`);
}

/** Two samples make a rate. */
async function showOnce(client: Client, state: TopState, flags: TopFlags): Promise<void> {
  const done = new AbortController();
  let samples = 0;
  for await (const event of client.followBandwidth(done.signal)) {
    state.take(event);
    if (event.type === 'bandwidth' && ++samples === 2) break;
  }
  await refreshLists(client, state, done.signal);
  if (flags.json) return printJson(toJson(state, flags.sort));
  const view = { ...createView(flags, process.stdout.columns ?? defaultColumns), hasKeys: false };
  for (const line of drawTop(state, view)) printLine(line.trimEnd());
}

async function printEachSecond(client: Client, state: TopState, flags: TopFlags): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  await followService(
    client,
    state,
    () => state.lost === undefined && printJson(toJson(state, flags.sort)),
    stop.signal,
  );
}

async function watch(client: Client, state: TopState, flags: TopFlags): Promise<void> {
  if (!process.stdout.isTTY) throw new UsageError('top fills a terminal, and the output is none; use --once or --json');
  const terminal = new Terminal();
  const stop = new AbortController();
  let [sort, skipped, isPaused] = [flags.sort, 0, false];
  const draw = () => {
    const { columns, rows } = terminal.size;
    const view = { ...createView({ ...flags, sort }, columns), rows, skipped };
    terminal.draw(drawTop(state, view));
  };
  const press = (key: string) => {
    if (key === 'q' || key === 'ctrl-c') return stop.abort();
    const wanted = sortByKey[key];
    if (wanted) sort = wanted;
    else if (key === 'down') skipped = Math.min(skipped + 1, Math.max(0, state.endpoints.length - 1));
    else if (key === 'up') skipped = Math.max(0, skipped - 1);
    else if (key === 'space') isPaused = !isPaused;
    draw();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  terminal.open(press, draw);
  try {
    await followService(client, state, () => !isPaused && draw(), stop.signal);
  } finally {
    terminal.close();
  }
}

function createView({ sort }: TopFlags, columns: number): TopView {
  return { columns, rows: undefined, sort, skipped: 0, hasColour: hasColour(), hasKeys: true };
}

/** https://no-color.org: any value but an empty one. */
function hasColour(): boolean {
  return process.stdout.isTTY === true && !process.env.NO_COLOR;
}

function toJson(state: TopState, sort: SortKey): object {
  const { service, bandwidth, rates, transfers, nodes, jobs } = state;
  return {
    service: service?.name,
    at: bandwidth?.at,
    rates: rates.at(-1) ?? { in: 0, out: 0 },
    totals: state.totals(),
    openConnections: bandwidth?.openConnections,
    inFlight: bandwidth?.inFlight,
    balanced: bandwidth?.balanced,
    endpoints: state.sorted(sort),
    transfers: transfers.filter(({ endpoint }) => endpoint === undefined || !state.isOwn(endpoint)),
    ...(service?.hasScheduler && { nodes, jobs }),
  };
}
