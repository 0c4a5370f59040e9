import { resolve } from 'node:path';
import type { DatabaseLocation } from '@weighbridge/scheduler';
import { type Command, Option } from 'commander';

/** Which store a command of `store` is about. */
export interface StoreFlags {
  data: string;
  databaseUrl?: string;
}

export function addStoreOptions(command: Command): Command {
  return command
    .option('--data <dir>', "the master's data folder: its files, and its embedded store", './data')
    .addOption(
      new Option('--database-url <url>', "the master's PostgreSQL, postgres://… (default: the embedded store)").env(
        'WEIGHBRIDGE_DATABASE_URL',
      ),
    );
}

export function toLocation({ data, databaseUrl }: StoreFlags): DatabaseLocation {
  return { dataDir: resolve(data), ...(databaseUrl !== undefined && databaseUrl !== '' && { databaseUrl }) };
}
