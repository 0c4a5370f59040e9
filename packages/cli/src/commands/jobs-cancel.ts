import { liveJobStates } from '@weighbridge/protocol';
import type { Command } from 'commander';
import { addExamples } from '../command.ts';
import { addBulkOptions } from '../jobs/bulk-jobs.ts';

const cancellable = liveJobStates.filter((state) => state !== 'cancelling');

export function addJobsCancel(jobs: Command): void {
  const command = jobs
    .command('cancel')
    .description(
      'Cancel jobs that have not ended, and the jobs that depend on them. What runs is sent SIGTERM within 5 s, and SIGKILL 2 s later.',
    );
  addBulkOptions(command, {
    verb: 'Cancel',
    states: cancellable,
    defaultStates: cancellable,
    run: (client, id) => client.cancel(id),
  });
  addExamples(command, [
    'weighbridge jobs cancel ID',
    'weighbridge jobs cancel --queue gpu --state queued',
    'weighbridge jobs cancel --state queued running --yes',
  ]);
}
