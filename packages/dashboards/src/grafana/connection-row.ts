import type { BandwidthNames } from '../bandwidth-names.ts';
import { unaccounted } from '../promql/unaccounted.ts';
import { directionColors } from './colors.ts';
import type { Row } from './dashboard.ts';
import { graph } from './panel.ts';
import { rateBy, select, targetMatchers } from './variables.ts';

/** What belongs to no endpoint, what is open, what ended early, and whether the sum is right. */
export function connectionRow(names: BandwidthNames): Row {
  return {
    title: 'Connections',
    panels: [
      graph({
        title: 'Unattributed Bytes by Reason',
        description:
          'Bytes per second that belong to no exchange: `tls_handshake` and `tls_failure`, `malformed` (not HTTP), `timeout` (a head that never came to its end), `idle`, `http2_session` (frames of the session itself), `other`. A rise of `malformed` or `tls_failure` is often a scanner, or a client of another protocol.',
        unit: 'Bps',
        queries: [
          {
            expr: rateBy('direction, reason', names.unattributed),
            legend: '{{direction}} {{reason}}',
          },
        ],
        stacked: true,
        below: 'in ',
        manyLines: true,
        noValue: 'No series: is the scrape up?',
        place: { x: 0, y: 0, w: 8, h: 8 },
      }),
      graph({
        title: 'Open Connections and Requests in Flight',
        description:
          'Connections that are open, and exchanges that have begun and not ended. Connections that only grow are not closed by clients or have no timeout; requests that only grow are stuck in a handler.',
        unit: 'short',
        queries: [
          { expr: `sum(${names.connections}${select()})`, legend: 'connections' },
          { expr: `sum(${names.inFlight}${select()})`, legend: 'requests in flight' },
        ],
        min: 0,
        noValue: 'No series: is the scrape up?',
        place: { x: 8, y: 0, w: 8, h: 8 },
      }),
      graph({
        title: 'Aborted Exchanges',
        description:
          'Exchanges per second that ended before request and response were complete: a client went away, or the server closed the connection. Their bytes count up to where they got.',
        unit: 'reqps',
        queries: [
          {
            expr: rateBy('endpoint', names.aborted),
            legend: '{{endpoint}}',
          },
        ],
        min: 0,
        manyLines: true,
        noValue: 'No exchange has been aborted',
        place: { x: 16, y: 0, w: 8, h: 8 },
      }),
      graph({
        title: 'Accounting',
        description:
          'Connection bytes minus all that is attributed: endpoints, unattributed and pending, from the raw counters of one scrape. It is 0 at every moment; anything else is a defect of the monitor, and the alert BandwidthAccountingMismatch fires.',
        unit: 'bytes',
        queries: [
          { expr: unaccounted('in', names, targetMatchers), legend: 'in {{instance}}' },
          { expr: unaccounted('out', names, targetMatchers), legend: 'out {{instance}}' },
        ],
        noValue: 'No series: is the scrape up?',
        place: { x: 0, y: 8, w: 8, h: 7 },
      }),
      graph({
        title: 'Pending Bytes',
        description:
          'Bytes that moved on open connections and whose endpoint or status is not known yet. A request head that comes slowly stands here, and a body that is read before the route is known.',
        unit: 'bytes',
        queries: [{ expr: `sum by (direction) (${names.pending}${select()})`, legend: '{{direction}}' }],
        colors: directionColors,
        min: 0,
        noValue: 'No series: is the scrape up?',
        place: { x: 8, y: 8, w: 8, h: 7 },
      }),
      graph({
        title: 'TLS Overhead',
        description:
          'Raw bytes minus plaintext per second: what encryption adds. It is part of the other panels, not beside them; 0 where the server speaks no TLS.',
        unit: 'Bps',
        queries: [
          {
            expr: rateBy('direction', names.tlsOverhead),
            legend: '{{direction}}',
          },
        ],
        below: 'in',
        colors: directionColors,
        noValue: 'No series: is the scrape up?',
        place: { x: 16, y: 8, w: 8, h: 7 },
      }),
    ],
  };
}
