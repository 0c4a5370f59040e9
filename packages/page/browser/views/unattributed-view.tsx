import { MovedTable } from '../parts/elements/moved-table.tsx';
import { ViewTitle } from '../parts/elements/view-title.tsx';
import { WindowPanel } from '../parts/traffic/window-panel.tsx';
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
  const lines = Object.entries(bandwidth?.unattributedReasons ?? {}).map(([name, moved]) => ({
    name,
    ...moved,
    detail: reasons[name] ?? '',
  }));
  const all = lines.reduce((sum, line) => sum + line.in + line.out, 0);
  return (
    <>
      <ViewTitle kind="Unattributed">Bytes that belong to no exchange</ViewTitle>
      <WindowPanel />
      <section class="card" aria-label="Unattributed bytes by reason">
        <MovedTable id="reasons" title="Reason" detailTitle="What it is" lines={lines} all={all} />
        {bandwidth && all === 0 && <p class="empty">Every byte so far belongs to an exchange.</p>}
      </section>
    </>
  );
}
