import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { type BandwidthNames, nameBandwidthMetrics } from '../bandwidth-names.ts';
import { thresholds } from '../thresholds.ts';
import { bandwidthRow } from './bandwidth-row.ts';
import { connectionRow } from './connection-row.ts';
import { createDashboard, type Row } from './dashboard.ts';
import { graph, stat, table } from './panel.ts';
import { datasourceVariable, numberVariable, prefixVariable, rateBy, select, targetVariables } from './variables.ts';

const bytesPerGigabyte = 1e9;
const secondsPerMonth = 30 * 24 * 3600;

/**
 * The dashboard of any service that runs the monitor.
 *
 * @param prefix the prefix that stands there before the data source has named those it has
 */
export function createHttpBandwidth(prefix: string): Dashboard {
  const names = nameBandwidthMetrics(`\${prefix}`);
  return createDashboard({
    uid: 'weighbridge-http',
    title: 'Weighbridge / HTTP Bandwidth',
    description: 'Bytes in and out of any Node service that runs the Weighbridge monitor.',
    variables: [
      datasourceVariable(),
      prefixVariable(nameBandwidthMetrics('').connectionBytes, prefix),
      ...targetVariables(names.connectionBytes),
      numberVariable(
        'price',
        'Price per GB',
        'What 1 GB (1,000,000,000 bytes) of egress costs, in your currency.',
        '0.09',
      ),
    ],
    rows: [
      bandwidthRow(names, 'HTTP', [0.5, 0.95, 0.99]),
      endpointRow(names),
      connectionRow(names),
      clientRow(names),
      costRow(names),
    ],
  });
}

function endpointRow(names: BandwidthNames): Row {
  const moved = (counter: string) => `sum by (method, endpoint) (increase(${counter}${select()}[$__range]))`;
  return {
    title: 'Endpoints',
    panels: [
      table({
        title: 'Top Endpoints',
        description:
          'Message bytes of each endpoint in the time range that is shown. Click a heading to sort by it. Shares of what no framework could name stand under `_unrouted`.',
        unit: 'bytes',
        queries: [
          { expr: moved(names.requestBytes), legend: 'in' },
          { expr: moved(names.responseBytes), legend: 'out' },
        ],
        columns: { method: 'Method', endpoint: 'Endpoint', 'Value #A': 'In', 'Value #B': 'Out' },
        sortBy: 'Out',
        noValue: 'No endpoint yet: its series begin with its first request',
        place: { x: 0, y: 0, w: 14, h: 9 },
      }),
      graph({
        title: 'Share of Exchanges Aborted',
        description: `Exchanges that ended before they were complete, of all that ended. Above ${thresholds.abortedShareHigh * 100} % clients give up: look for slow handlers and timeouts of proxies. Needs the classic histogram's \`_count\`.`,
        unit: 'percentunit',
        queries: [
          {
            expr: `sum(rate(${names.aborted}${select()}[$__rate_interval])) / sum(rate(${names.responseSize}_count${select()}[$__rate_interval]))`,
            legend: 'aborted',
          },
        ],
        steps: [
          { color: 'green' },
          { color: 'yellow', from: thresholds.abortedShare },
          { color: 'red', from: thresholds.abortedShareHigh },
        ],
        stepLines: true,
        min: 0,
        noValue: 'No exchange ended in this window',
        place: { x: 14, y: 0, w: 10, h: 9 },
      }),
    ],
  };
}

function clientRow(names: BandwidthNames): Row {
  const byClient = (direction: 'in' | 'out') => rateBy('client', names.clientBytes, `direction="${direction}"`);
  return {
    title: 'Clients',
    panels: [
      graph({
        title: 'Bandwidth by Client',
        description:
          'Message bytes per second by client, where the option `clientOf` names clients: in below the axis, out above. `_other`: clients past the cap.',
        unit: 'Bps',
        queries: [
          { expr: byClient('in'), legend: 'in {{client}}' },
          { expr: byClient('out'), legend: 'out {{client}}' },
        ],
        stacked: true,
        below: 'in ',
        manyLines: true,
        noValue: 'This service names no clients (option clientOf)',
        place: { x: 0, y: 0, w: 24, h: 8 },
      }),
    ],
  };
}

function costRow(names: BandwidthNames): Row {
  const out = `${names.connectionBytes}${select('direction="out"')}`;
  const caveat =
    'An estimate: it knows bytes at the socket and one price. It knows no TCP and IP headers (some 3 % for full packets), no retransmits, no free tier or volume discount, and not which traffic stays inside a zone and costs nothing; behind a proxy or a CDN the hop to it is counted, not the one to the user.';
  return {
    title: 'Cost',
    panels: [
      stat({
        title: 'Estimated Egress Cost',
        description: `What left in the time range that is shown, times the price per GB above. ${caveat}`,
        unit: 'short',
        decimals: 2,
        queries: [{ expr: `sum(increase(${out}[$__range])) / ${bytesPerGigabyte} * $price`, legend: 'cost' }],
        steps: [{ color: 'blue' }],
        noValue: 'No series',
        place: { x: 0, y: 0, w: 6, h: 5 },
      }),
      stat({
        title: 'Estimated Egress Cost per Month',
        description: `The rate over the time range that is shown, for 30 days, times the price per GB above. ${caveat}`,
        unit: 'short',
        decimals: 2,
        queries: [
          {
            expr: `sum(rate(${out}[$__range])) * ${secondsPerMonth} / ${bytesPerGigabyte} * $price`,
            legend: 'cost per month',
          },
        ],
        steps: [{ color: 'blue' }],
        noValue: 'No series',
        place: { x: 6, y: 0, w: 6, h: 5 },
      }),
      stat({
        title: 'Bytes Sent',
        description: 'All bytes that left the sockets in the time range that is shown.',
        unit: 'bytes',
        queries: [{ expr: `sum(increase(${out}[$__range]))`, legend: 'sent' }],
        steps: [{ color: 'blue' }],
        noValue: 'No series',
        place: { x: 12, y: 0, w: 6, h: 5 },
      }),
      stat({
        title: 'Monthly Pace against the Budget',
        description: `The rate over the time range that is shown, for 30 days, as a share of the budget of ${thresholds.monthlyEgressBytes / 1e12} TB that the alert EgressBudget watches.`,
        unit: 'percentunit',
        queries: [
          {
            expr: `sum(rate(${out}[$__range])) * ${secondsPerMonth} / ${thresholds.monthlyEgressBytes}`,
            legend: 'pace',
          },
        ],
        steps: [{ color: 'green' }, { color: 'yellow', from: 0.8 }, { color: 'red', from: 1 }],
        noValue: 'No series',
        place: { x: 18, y: 0, w: 6, h: 5 },
      }),
    ],
  };
}
