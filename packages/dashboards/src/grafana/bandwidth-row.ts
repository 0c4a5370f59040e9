import type { BandwidthNames } from '../bandwidth-names.ts';
import { quantile } from '../promql/quantile.ts';
import { thresholds } from '../thresholds.ts';
import { directionColors } from './colors.ts';
import type { Row } from './dashboard.ts';
import { graph, type Place, type PlacedPanel, type Query, type Step, stat } from './panel.ts';
import { rateBy, select } from './variables.ts';

const { busyBytesPerSecond, highBytesPerSecond } = thresholds;
const bandwidthSteps: Step[] = [
  { color: 'green' },
  { color: 'yellow', from: busyBytesPerSecond },
  { color: 'red', from: highBytesPerSecond },
];
const limits = `Green below ${busyBytesPerSecond / 1e6} MB/s, yellow from there, red from ${highBytesPerSecond / 1e6} MB/s.`;

/** Five panels: how much, how large, in, out, and which endpoint. `what` stands before Bandwidth in the titles. */
export function bandwidthRow(names: BandwidthNames, what: string, quantiles: readonly number[]): Row {
  return {
    title: `${what} Bandwidth`,
    panels: [
      graph({
        title: `${what} Bandwidth (Total)`,
        description:
          "All bytes that the server's sockets moved per second, in (below the axis) and out (above), as the kernel took or gave them: message bytes, TLS records, handshakes. TCP and IP headers are not in it.",
        unit: 'Bps',
        queries: [
          {
            expr: rateBy('direction', names.connectionBytes),
            legend: '{{direction}}',
          },
        ],
        below: 'in',
        colors: directionColors,
        noValue: 'No series: is the scrape up?',
        place: { x: 0, y: 0, w: 10, h: 8 },
      }),
      graph({
        title: 'Request/Response Size Distribution',
        description:
          'Message bytes of exchanges that ended, by quantile. The buckets go by tens, so a quantile shows the order of magnitude and not the byte.',
        unit: 'bytes',
        queries: sizeQueries(names, quantiles),
        min: 0,
        noValue: 'No exchange ended in this window',
        place: { x: 10, y: 0, w: 9, h: 8 },
      }),
      directionStat('Inbound', 'in', names, { x: 19, y: 0, w: 5, h: 4 }),
      directionStat('Outbound', 'out', names, { x: 19, y: 4, w: 5, h: 4 }),
      graph({
        title: 'Bandwidth by Endpoint',
        description:
          'Message bytes per second by endpoint, stacked: in below the axis, out above. They grow while a transfer runs. `_unmatched`: answered 404 or 405 without a route. `_unrouted`: the framework names no template. `_other`: past the cap on endpoints.',
        unit: 'Bps',
        queries: [
          { expr: byEndpoint(names.requestBytes), legend: 'in {{endpoint}}' },
          { expr: byEndpoint(names.responseBytes), legend: 'out {{endpoint}}' },
        ],
        stacked: true,
        below: 'in ',
        manyLines: true,
        noValue: 'No endpoint yet: its series begin with its first request',
        place: { x: 0, y: 8, w: 24, h: 9 },
      }),
    ],
  };
}

function byEndpoint(counter: string): string {
  return rateBy('endpoint', counter);
}

function directionStat(title: string, direction: 'in' | 'out', names: BandwidthNames, place: Place): PlacedPanel {
  return stat({
    title: `${title} Bandwidth`,
    description: `Bytes per second that the server's sockets ${direction === 'in' ? 'received' : 'sent'}. ${limits}`,
    unit: 'Bps',
    queries: [
      {
        expr: `sum(rate(${names.connectionBytes}${select(`direction="${direction}"`)}[$__rate_interval]))`,
        legend: direction,
      },
    ],
    steps: bandwidthSteps,
    sparkline: true,
    noValue: 'No series',
    place,
  });
}

function sizeQueries({ requestSize, responseSize }: BandwidthNames, quantiles: readonly number[]): Query[] {
  const sides = [
    ['request', requestSize],
    ['response', responseSize],
  ] as const;
  return sides.flatMap(([side, histogram]) =>
    quantiles.map((q) => ({
      expr: quantile(q, histogram, select(), '$__rate_interval'),
      legend: `${side} p${q * 100}`,
    })),
  );
}
