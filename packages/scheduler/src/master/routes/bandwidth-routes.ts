import { Bandwidth } from '@weighbridge/protocol';
import { BandwidthFeed } from '../bandwidth/bandwidth-feed.ts';
import type { MasterContext } from '../context.ts';
import type { App } from '../http/app.ts';
import { sendEvents } from '../http/event-stream.ts';
import { answers, eventStream } from '../http/schemas.ts';

/** What moved, once or each second. */
export function bandwidthRoutes(app: App, { bandwidth, stopping }: MasterContext): void {
  const feed = new BandwidthFeed(bandwidth);

  app.get(
    '/bandwidth',
    { schema: { summary: "Bytes since the master's start", response: answers({ 200: Bandwidth }) } },
    async () => bandwidth.current(),
  );

  app.get(
    '/bandwidth/stream',
    {
      schema: {
        summary: 'The same each second, as server-sent events',
        response: answers({ 200: eventStream('`data:` is what GET /bandwidth answers') }),
      },
    },
    async (request, reply) => sendEvents(request, reply, stopping, (signal) => feed.events(signal)),
  );
}
