import type { Job } from '@weighbridge/protocol';
import { formatBytes, formatDuration, formatMoment } from '../format.ts';
import { Facts } from '../parts/facts.tsx';
import { State } from '../parts/job-state.tsx';
import { ViewLink } from '../parts/view-link.tsx';
import { ViewTitle } from '../parts/view-title.tsx';
import { useAnswer } from '../state/use-answer.ts';

const refreshMs = 2000;

/** One job. */
export function JobView({ job }: { readonly job: string }) {
  const { data, error } = useAnswer<Job>(`/jobs/${encodeURIComponent(job)}`, refreshMs);
  return (
    <>
      <ViewTitle kind="Job">
        <code>{job}</code> {data && <State state={data.state} />}
      </ViewTitle>
      {error && <p class="empty">{error}</p>}
      {data && (
        <section class="card" aria-label="The job">
          <p class="command-line">
            <code>{[data.command, ...data.args].join(' ')}</code>
          </p>
          {data.reason && <p class="reason">{data.reason}</p>}
          <Facts
            facts={[
              ['Queue', <ViewLink view={{ name: 'queue', queue: data.queue }}>{data.queue}</ViewLink>],
              ['Submitted', formatMoment(Date.parse(data.createdAt))],
              ['Started', data.startedAt && formatMoment(Date.parse(data.startedAt))],
              ['Took', data.startedAt && formatDuration(toDurationMs(data.startedAt, data.endedAt))],
              ['In', formatBytes(data.bytes.in)],
              ['Out', formatBytes(data.bytes.out)],
              ['Exit code', data.exitCode],
            ]}
          />
        </section>
      )}
    </>
  );
}

function toDurationMs(startedAt: string, endedAt: string | undefined): number {
  return (endedAt === undefined ? Date.now() : Date.parse(endedAt)) - Date.parse(startedAt);
}
