import { unattributedReasons } from '@weighbridge/monitor';
import {
  Bandwidth,
  BandwidthEndpoint,
  BandwidthHistory,
  BandwidthTransfers,
  BandwidthWindow,
} from '@weighbridge/protocol';
import { Type } from 'typebox';
import type { MasterContext } from '../context.ts';
import type { App } from '../http/app.ts';
import { examples } from '../http/examples.ts';
import { mount } from '../http/mount.ts';
import { answers, eventStream, NumberText, shown, strict } from '../http/schemas.ts';

const name = Type.Optional(Type.String({ minLength: 1, maxLength: 2000 }));

const HistoryQuery = Type.Object(
  {
    resolution: Type.Optional(Type.Enum(['second', 'minute'])),
    method: name,
    endpoint: name,
    client: name,
    reason: Type.Optional(Type.Enum([...unattributedReasons])),
  },
  strict,
);

const EndpointQuery = Type.Object(
  { method: Type.String({ maxLength: 100 }), endpoint: Type.String({ maxLength: 2000 }) },
  strict,
);

const time = NumberText('milliseconds since 1970');
const WindowQuery = Type.Object({ from: time, to: time }, strict);

/** What moved: now, each second, and before. */
export function bandwidthRoutes(app: App, { bandwidth }: MasterContext): void {
  const { handlers } = bandwidth.listener;

  app.get(
    '/bandwidth',
    {
      schema: {
        summary: "Bytes since the master's start",
        response: answers({ 200: shown(Bandwidth, examples.bandwidth) }),
      },
    },
    mount(handlers.get('/bandwidth')),
  );

  app.get(
    '/bandwidth/stream',
    {
      schema: {
        summary: 'The same each second, as server-sent events',
        response: answers(
          {
            200: eventStream(
              'first an event `service`, then one `history`, which is what GET /bandwidth/history answers, and which comes ' +
                'again where older minutes were found; then each `data:` is what GET /bandwidth answers',
              `data: ${JSON.stringify(examples.bandwidth)}\n\n`,
            ),
          },
          ['too-many-pages'],
        ),
      },
    },
    mount(handlers.get('/bandwidth/stream')),
  );

  app.get(
    '/bandwidth/history',
    {
      schema: {
        summary: 'The last 15 minutes by the second, or the last day by the minute; of one endpoint or node too',
        querystring: HistoryQuery,
        response: answers({ 200: shown(BandwidthHistory, examples.bandwidthHistory) }),
      },
    },
    mount(handlers.get('/bandwidth/history')),
  );

  app.get(
    '/bandwidth/window',
    {
      schema: {
        summary: 'What moved between two moments, by endpoint and by node',
        querystring: WindowQuery,
        response: answers({ 200: shown(BandwidthWindow, examples.bandwidthWindow) }),
      },
    },
    mount(handlers.get('/bandwidth/window')),
  );

  app.get(
    '/bandwidth/endpoint',
    {
      schema: {
        summary: 'One endpoint: statuses, sizes, what is in flight, which nodes',
        querystring: EndpointQuery,
        response: answers({ 200: shown(BandwidthEndpoint, examples.bandwidthEndpoint) }, ['not-found']),
      },
    },
    mount(handlers.get('/bandwidth/endpoint')),
  );

  app.get(
    '/bandwidth/transfers',
    {
      schema: {
        summary: 'The largest transfers that are under way, with their jobs',
        response: answers({ 200: shown(BandwidthTransfers, examples.bandwidthTransfers) }),
      },
    },
    mount(handlers.get('/bandwidth/transfers')),
  );
}
