import type { JobList, JobSummary } from '@weighbridge/protocol';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { formatAge, formatExact, formatWaiting } from '../../format.ts';
import { usePage } from '../../state/page-context.ts';
import { useAnswer } from '../../state/use-answer.ts';
import { BytesCell } from '../elements/cells.tsx';
import { ViewLink } from '../elements/view-link.tsx';
import { State } from './job-state.tsx';

const pageSize = 20;
const refreshMs = 2000;

interface JobsTableProps {
  readonly title: string;
  /** Of the API's list of jobs: `queue=default&state=running`. */
  readonly query?: string;
  /** Of these, those that are shown. */
  readonly isShown?: (job: JobSummary) => boolean;
  readonly empty: string;
  /** What can be done with them. */
  readonly children?: ComponentChildren;
}

/** Jobs, newest first: the first page is asked for again and again, further ones when the reader wants them. */
export function JobsTable({ title, query = '', isShown = () => true, empty, children }: JobsTableProps) {
  const { api } = usePage();
  const path = `/jobs?limit=${pageSize}${query && `&${query}`}`;
  const first = useAnswer<JobList>(path, refreshMs);
  const [further, setFurther] = useState<JobList[]>([]);
  const [error, setError] = useState<string>();
  useEffect(() => setFurther([]), [path]);
  const pages = [...(first.data ? [first.data] : []), ...further];
  const jobs = [...new Map(pages.flatMap((page) => page.jobs).map((job) => [job.id, job])).values()].filter(isShown);
  const cursor = pages.at(-1)?.cursor;
  const showMore = async () => {
    try {
      const page = await api.json<JobList>(`${path}&cursor=${cursor}`, AbortSignal.timeout(15_000));
      setFurther([...further, page]);
      setError(undefined);
    } catch (caught) {
      setError((caught as Error).message);
    }
  };
  return (
    <section class="card" id="jobs-section" aria-labelledby="jobs-title">
      <div class="title">
        <h2 id="jobs-title">{title}</h2>
        {jobs.length > 0 && <p class="aside">the latest {formatExact(jobs.length)}</p>}
        {children}
      </div>
      {jobs.length > 0 && (
        <table class="list jobs" id="jobs">
          <thead>
            <tr>
              <th scope="col">Job</th>
              <th scope="col">State</th>
              <th scope="col">Command</th>
              <th scope="col" class="number">
                In
              </th>
              <th scope="col" class="number">
                Out
              </th>
              <th scope="col" class="number">
                Age
              </th>
            </tr>
          </thead>
          <tbody>
            {jobs.map((job) => (
              <JobRow key={job.id} job={job} />
            ))}
          </tbody>
        </table>
      )}
      {jobs.length === 0 && (
        <p class="empty" id="jobs-empty">
          {first.data ? empty : (first.error ?? 'Loading')}
        </p>
      )}
      {error && <p class="empty">{error}</p>}
      {cursor && (
        <button type="button" id="more-jobs" onClick={() => void showMore()}>
          Show more
        </button>
      )}
    </section>
  );
}

function JobRow({ job }: { readonly job: JobSummary }) {
  const { id, state, commandLine, bytes, createdAt } = job;
  const why = job.waitingFor ? formatWaiting(job.waitingFor) : (job.detail ?? job.reason);
  return (
    <tr>
      <th scope="row">
        <ViewLink view={{ name: 'job', job: id }} title={id}>
          <code>{id.slice(0, 8)}</code>
        </ViewLink>
      </th>
      <td>
        <State state={state} />
      </td>
      <td class="command">
        <code title={commandLine}>{commandLine}</code>
        {why && <span class="reason">{why}</span>}
      </td>
      <BytesCell label="In" bytes={bytes.in} />
      <BytesCell label="Out" bytes={bytes.out} />
      <td class="number" data-label="Age" title={createdAt}>
        {formatAge(Date.now() - Date.parse(createdAt))}
      </td>
    </tr>
  );
}
