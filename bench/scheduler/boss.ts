import { PgBoss } from 'pg-boss';
import { type Rates, repeatFor } from './rates.ts';

const job = { command: 'true', args: [] };
const bulk = Array.from({ length: 1000 }, () => ({ data: job }));
const claimed = 20;

/** The same three loads on pg-boss itself: without HTTP, slots, leases, attempts or checks. */
export async function bossRates(url: string, seconds: number): Promise<Rates> {
  const boss = new PgBoss({ connectionString: url, max: 10, schedule: false, supervise: false });
  boss.on('error', (error) => console.error(error));
  await boss.start();
  await boss.createQueue('bench');
  await boss.createQueue('bulk');
  try {
    const submits = await repeatFor(seconds, 8, async () => {
      await boss.send('bench', job);
      return 1;
    });
    const bulkSubmits = await repeatFor(seconds, 2, async () => {
      await boss.insert('bulk', bulk);
      return bulk.length;
    });
    const results = await repeatFor(seconds, 2, async () => {
      const jobs = await boss.fetch('bulk', { batchSize: claimed });
      await Promise.all(jobs.map(({ id }) => boss.complete('bulk', id)));
      return jobs.length;
    });
    return { submits, bulkSubmits, results };
  } finally {
    await boss.stop({ graceful: false });
  }
}
