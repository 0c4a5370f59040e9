import type { Command } from 'commander';
import { addExamples } from '../command.ts';
import { addBulkOptions } from '../jobs/bulk-jobs.ts';

export function addJobsRetry(jobs: Command): void {
  const command = jobs
    .command('retry')
    .description(
      'Try jobs again that failed, timed out or were cancelled, with all their retries; jobs that were cancelled with one of them wait for it again.',
    );
  addBulkOptions(command, {
    verb: 'Retry',
    states: ['failed', 'timed_out', 'cancelled'],
    defaultStates: ['failed', 'timed_out'],
    run: (client, id) => client.retry(id),
  });
  addExamples(command, [
    'weighbridge jobs retry ID',
    'weighbridge jobs retry --state failed --yes',
    'weighbridge jobs retry --queue gpu --state failed timed_out cancelled',
  ]);
}
