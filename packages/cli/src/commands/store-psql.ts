import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { DatabaseAccess } from '@weighbridge/scheduler';
import type { Command } from 'commander';
import { addExamples } from '../command.ts';
import { FailedError } from '../errors.ts';
import { loadScheduler } from '../optional-packages.ts';
import { addStoreOptions, type StoreFlags, toLocation } from '../options/store-options.ts';
import { printLine, printNote } from '../terminal/output.ts';

export function addStorePsql(store: Command): void {
  const command = store
    .command('psql')
    .description(
      "Open the store with this machine's psql; without one, print its URL. The tables are in the schema weighbridge.",
    )
    .argument('[arguments...]', "psql's own, after --");
  addStoreOptions(command).action((args: string[], flags: StoreFlags) => openPsql(args, flags));
  addExamples(command, [
    'weighbridge store psql',
    `weighbridge store psql -- -c 'SELECT state, count(*) FROM weighbridge.jobs GROUP BY state'`,
  ]);
}

async function openPsql(args: string[], flags: StoreFlags): Promise<void> {
  const { accessDatabase } = await loadScheduler();
  const database = await accessDatabase(toLocation(flags));
  try {
    process.exitCode = await runPsql(database, args);
  } finally {
    await database.release();
  }
}

async function runPsql({ url, isInUse }: DatabaseAccess, args: string[]): Promise<number> {
  // Ctrl-C is for psql, which ends a query with it and not itself.
  const ignore = () => undefined;
  process.on('SIGINT', ignore);
  const { location, password } = splitPassword(url);
  // A command line can be read by every user of the machine.
  const env = { ...process.env, ...(password !== undefined && { PGPASSWORD: password }) };
  const child = spawn('psql', [location, ...args], { stdio: 'inherit', env });
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
    });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    if (!isInUse)
      throw new FailedError(
        'psql is not installed, and the embedded store is open only while a master runs or psql does; start the master and run this again for the URL',
        { cause },
      );
    printLine(url);
    printNote('psql is not installed; any client of PostgreSQL takes this URL.');
    return 0;
  } finally {
    process.off('SIGINT', ignore);
  }
}

function splitPassword(url: string): { location: string; password: string | undefined } {
  const [, before, user, password, after] = /^([a-z]+:\/\/)([^:@/?]*):([^@/?]*)(@.*)$/.exec(url) ?? [];
  if (before === undefined || password === undefined) return { location: url, password: undefined };
  return { location: `${before}${user}${after}`, password: decodeURIComponent(password) };
}
