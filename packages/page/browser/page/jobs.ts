import type { JobList, JobState, JobSummary } from '@weighbridge/protocol';
import { formatAge, formatBytes, formatExact } from './format.ts';
import { byId, Rows, setText } from './rows.ts';

const looks: Record<JobState, 'waiting' | 'busy' | 'good' | 'bad'> = {
  scheduled: 'waiting',
  blocked: 'waiting',
  queued: 'waiting',
  running: 'busy',
  cancelling: 'busy',
  succeeded: 'good',
  failed: 'bad',
  timed_out: 'bad',
  cancelled: 'waiting',
};

/** The latest jobs. Without a scheduler (`undefined`) the section is not there. */
export class JobTable {
  readonly #rows = new Rows<JobSummary>('jobs', 'job-row', (job) => job.id, jobFields);

  show(list: JobList | undefined): void {
    byId('jobs-section').hidden = list === undefined;
    if (!list) return;
    this.#rows.show(list.jobs);
    byId('jobs').hidden = list.jobs.length === 0;
    byId('jobs-empty').hidden = list.jobs.length > 0;
    setText(byId('jobs-empty'), 'No job yet. Submit one: weighbridge jobs submit --wait -- echo hello');
  }
}

function jobFields(job: JobSummary) {
  const { state, bytes } = job;
  return {
    id: { text: job.id.slice(0, 8), title: job.id },
    state: { text: state.replaceAll('_', ' '), look: looks[state] },
    command: { text: job.commandLine, title: job.commandLine },
    reason: job.reason ?? '',
    in: { text: formatBytes(bytes.in), title: `${formatExact(bytes.in)} bytes` },
    out: { text: formatBytes(bytes.out), title: `${formatExact(bytes.out)} bytes` },
    age: { text: formatAge(Date.now() - Date.parse(job.createdAt)), title: job.createdAt },
  };
}
