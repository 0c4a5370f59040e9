import pg from 'pg';

/** Gives work a transaction of its own; it is undone unless the work commits it. */
export async function withTransaction<T>(
  url: string,
  begin: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'weighbridge store' });
  // A lost connection rejects the statement under way.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(begin);
    return await work(client);
  } finally {
    await client.end();
  }
}
