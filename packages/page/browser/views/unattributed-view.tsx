import { BytesCell, ShareCell } from '../parts/cells.tsx';
import { ViewTitle } from '../parts/view-title.tsx';
import { WindowPanel } from '../parts/window-panel.tsx';
import { usePage } from '../state/page-context.ts';

const reasons: Record<string, string> = {
  tls_handshake: 'TLS handshakes, before the first request',
  tls_failure: 'TLS handshakes that failed',
  malformed: 'what is no valid HTTP',
  timeout: 'requests whose head did not come in time',
  idle: 'connections on which no request came, or none any more',
  http2_session: 'frames of HTTP/2 sessions, such as SETTINGS and PING',
  other: 'connections that broke off, and what processes that are gone took with them',
};

/** Bytes that belong to no exchange, by reason. */
export function UnattributedView() {
  const { bandwidth } = usePage().model;
  const entries = Object.entries(bandwidth?.unattributedReasons ?? {});
  const all = entries.reduce((sum, [, moved]) => sum + moved.in + moved.out, 0);
  return (
    <>
      <ViewTitle kind="Unattributed">Bytes that belong to no exchange</ViewTitle>
      <WindowPanel />
      <section class="card" aria-label="Unattributed bytes by reason">
        <table class="list" id="reasons">
          <thead>
            <tr>
              <th scope="col">Reason</th>
              <th scope="col">What it is</th>
              <th scope="col" class="number">
                In
              </th>
              <th scope="col" class="number">
                Out
              </th>
              <th scope="col">Share</th>
            </tr>
          </thead>
          <tbody>
            {entries.map(([reason, moved]) => (
              <tr key={reason}>
                <th scope="row">
                  <code>{reason}</code>
                </th>
                <td data-label="What it is">{reasons[reason] ?? ''}</td>
                <BytesCell label="In" bytes={moved.in} />
                <BytesCell label="Out" bytes={moved.out} />
                <ShareCell label="Share" part={moved.in + moved.out} of={all} />
              </tr>
            ))}
          </tbody>
        </table>
        {bandwidth && all === 0 && <p class="empty">Every byte so far belongs to an exchange.</p>}
      </section>
    </>
  );
}
