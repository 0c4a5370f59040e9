import { stat } from 'node:fs/promises';
import { StartError } from '../errors.ts';
import { Database } from './database/database.ts';
import { serverDatabase } from './database-source.ts';
import { findRunningServer } from './embedded/cluster.ts';
import { clusterFolder, EmbeddedServer, socketUrl } from './embedded/embedded-server.ts';

/** A store's database, for as long as it is needed. */
export interface DatabaseAccess {
  readonly url: string;
  /** A master keeps it open: what is seen may change, and it stays open after the release. */
  readonly isInUse: boolean;
  release(): Promise<void>;
}

export interface DatabaseLocation {
  readonly dataDir: string;
  /** Another server than the embedded one in the data folder. */
  readonly databaseUrl?: string | undefined;
}

/**
 * Gives the database of a store, beside a master that runs or without one: then the embedded server is started until the
 * release. `create`: a data folder that has none gets one.
 *
 * @throws StartError `no-store` where there is none; else as the store's start.
 */
export async function accessDatabase(
  { dataDir, databaseUrl }: DatabaseLocation,
  { create = false } = {},
): Promise<DatabaseAccess> {
  if (databaseUrl !== undefined) return accessServer(databaseUrl);
  const cluster = clusterFolder(dataDir);
  const running = await findRunningServer(cluster);
  if (running) return { url: socketUrl(running.socketFolder), isInUse: true, release: async () => undefined };
  if (!create && !(await stat(cluster).catch(() => undefined)))
    throw new StartError({ code: 'no-store', path: dataDir });
  const server = new EmbeddedServer({ dataDir, onError: () => undefined });
  return { url: await server.start(), isInUse: false, release: () => server.stop() };
}

async function accessServer(databaseUrl: string): Promise<DatabaseAccess> {
  const source = serverDatabase(databaseUrl);
  const url = await source.open();
  const database = new Database(url, () => undefined);
  try {
    await database.ping();
  } catch (error) {
    throw source.explain(error);
  } finally {
    await database.close();
  }
  return { url, isInUse: true, release: async () => undefined };
}
