import type { Job } from '@weighbridge/protocol';
import { formatCommandLine } from '@weighbridge/protocol/command-line';
import { formatBytes, formatDuration, formatMoment, formatWaiting } from '../format.ts';
import { Facts } from '../parts/elements/facts.tsx';
import { ViewLink } from '../parts/elements/view-link.tsx';
import { ViewTitle } from '../parts/elements/view-title.tsx';
import { Attempts } from '../parts/scheduler/attempts.tsx';
import { JobActions } from '../parts/scheduler/job-actions.tsx';
import { JobFiles } from '../parts/scheduler/job-files.tsx';
import { JobLog } from '../parts/scheduler/job-log.tsx';
import { State } from '../parts/scheduler/job-state.tsx';
import { TransfersTable } from '../parts/traffic/transfers-table.tsx';
import { useAnswer } from '../state/use-answer.ts';

const refreshMs = 2000;

/** One job: what it is, what it waits for, its attempts, files and log. */
export function JobView({ job }: { readonly job: string }) {
  const { data, error } = useAnswer<Job>(`/jobs/${encodeURIComponent(job)}`, refreshMs);
  return (
    <>
      <ViewTitle kind="Job">
        <code>{job}</code> {data && <State state={data.state} />}
      </ViewTitle>
      {error && <p class="empty">{error}</p>}
      {data && (
        <>
          <section class="card" aria-label="The job">
            <p class="command-line">
              <code>{formatCommandLine(data.command, data.args)}</code>
            </p>
            {data.reason && <p class="reason">{data.detail ?? data.reason}</p>}
            {data.dependsOn.length > 0 && (
              <p id="depends">
                Depends on
                {data.dependsOn.map(({ id, key, state }) => (
                  <span key={id}>
                    {' '}
                    <ViewLink view={{ name: 'job', job: id }} title={id}>
                      <code>{key ?? id.slice(0, 8)}</code>
                    </ViewLink>{' '}
                    <State state={state} />
                  </span>
                ))}
              </p>
            )}
            {data.waitingFor && <p id="waits">Waiting: {formatWaiting(data.waitingFor)}</p>}
            <Facts
              facts={[
                ['Queue', <ViewLink view={{ name: 'queue', queue: data.queue }}>{data.queue}</ViewLink>],
                ['Submitted', formatMoment(Date.parse(data.createdAt))],
                ['Started', data.startedAt && formatMoment(Date.parse(data.startedAt))],
                ['Took', data.startedAt && formatDuration(toDurationMs(data.startedAt, data.endedAt))],
                ['In', formatBytes(data.bytes.in)],
                ['Out', formatBytes(data.bytes.out)],
                ['Exit code', data.exitCode],
                ['Slots', data.slots],
                ['Priority', data.priority],
                ['Retries', `${data.retryLimit}, when lost ${data.lostRetryLimit}`],
                ['Time limit', formatDuration(data.timeoutSeconds * 1000)],
              ]}
            />
            <JobActions job={data} />
          </section>
          <TransfersTable isShown={(transfer) => transfer.job === job} />
          <Attempts job={data} />
          <JobFiles job={data} />
          <JobLog job={job} />
        </>
      )}
    </>
  );
}

function toDurationMs(startedAt: string, endedAt: string | undefined): number {
  return (endedAt === undefined ? Date.now() : Date.parse(endedAt)) - Date.parse(startedAt);
}
