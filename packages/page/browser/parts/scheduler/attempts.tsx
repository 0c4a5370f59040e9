import type { Attempt, Job } from '@weighbridge/protocol';
import { formatDuration, formatMoment } from '../../format.ts';
import { BytesCell } from '../elements/cells.tsx';
import { ViewLink } from '../elements/view-link.tsx';
import { State } from './job-state.tsx';

/** A job's attempts over the time since it was submitted. */
export function Attempts({ job }: { readonly job: Job }) {
  if (job.attempts.length === 0) return null;
  const fromMs = Date.parse(job.createdAt);
  const toMs = job.endedAt ? Date.parse(job.endedAt) : Date.now();
  return (
    <section class="card" aria-labelledby="attempts-title">
      <div class="title">
        <h2 id="attempts-title">Attempts</h2>
        <p class="aside">over the {formatDuration(toMs - fromMs)} since it was submitted</p>
      </div>
      <table class="list attempts" id="attempts">
        <thead>
          <tr>
            <th scope="col">Attempt</th>
            <th scope="col">Outcome</th>
            <th scope="col">Node</th>
            <th scope="col">When</th>
            <th scope="col" class="number">
              Took
            </th>
            <th scope="col" class="number">
              In
            </th>
            <th scope="col" class="number">
              Out
            </th>
          </tr>
        </thead>
        <tbody>
          {job.attempts.map((attempt) => (
            <AttemptRow key={attempt.number} attempt={attempt} fromMs={fromMs} toMs={toMs} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface AttemptRowProps {
  readonly attempt: Attempt;
  readonly fromMs: number;
  readonly toMs: number;
}

function AttemptRow({ attempt, fromMs, toMs }: AttemptRowProps) {
  const startMs = Date.parse(attempt.startedAt);
  const endMs = attempt.endedAt ? Date.parse(attempt.endedAt) : Date.now();
  const wholeMs = Math.max(1, toMs - fromMs);
  return (
    <tr>
      <th scope="row">{attempt.number}</th>
      <td>
        <State state={attempt.outcome ?? 'running'} />
        {attempt.exitCode !== undefined && attempt.exitCode !== 0 && (
          <span class="reason"> exit {attempt.exitCode}</span>
        )}
        {attempt.signal && <span class="reason"> {attempt.signal}</span>}
        {attempt.reason && <span class="reason"> {attempt.reason}</span>}
      </td>
      <td data-label="Node">
        <ViewLink view={{ name: 'node', node: attempt.node }}>
          <code>{attempt.node}</code>
        </ViewLink>
      </td>
      <td data-label="When" class="when" title={formatMoment(startMs)}>
        <span
          class="span"
          ref={(element) => {
            element?.style.setProperty('--from', String((startMs - fromMs) / wholeMs));
            element?.style.setProperty('--length', String(Math.max(0.01, (endMs - startMs) / wholeMs)));
          }}
        />
      </td>
      <td class="number" data-label="Took">
        {formatDuration(endMs - startMs)}
      </td>
      <BytesCell label="In" bytes={attempt.bytes.in} />
      <BytesCell label="Out" bytes={attempt.bytes.out} />
    </tr>
  );
}
