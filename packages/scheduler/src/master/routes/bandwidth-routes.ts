import { Bandwidth } from '@weighbridge/protocol';
import type { MasterContext } from '../context.ts';
import type { App } from '../http/app.ts';
import { mount } from '../http/mount.ts';
import { answers, eventStream } from '../http/schemas.ts';

/** What moved: now, each second, and before. */
export function bandwidthRoutes(app: App, { bandwidth }: MasterContext): void {
  const { handlers } = bandwidth.listener;

  app.get(
    '/bandwidth',
    { schema: { summary: "Bytes since the master's start", response: answers({ 200: Bandwidth }) } },
    mount(handlers.get('/bandwidth')),
  );

  app.get(
    '/bandwidth/stream',
    {
      schema: {
        summary: 'The same each second, as server-sent events',
        response: answers({
          200: eventStream('the first event is `history`; then `data:` is what GET /bandwidth answers'),
        }),
      },
    },
    mount(handlers.get('/bandwidth/stream')),
  );
}
