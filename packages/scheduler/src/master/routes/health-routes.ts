import { ProblemError } from '@weighbridge/protocol';
import { type Static, Type } from 'typebox';
import type { MasterContext } from '../context.ts';
import type { App } from '../http/app.ts';
import { answers, shown } from '../http/schemas.ts';

/** Is the process there; does it take work. */
export function healthRoutes(
  app: App,
  { store, storage, stopping }: Pick<MasterContext, 'store' | 'storage' | 'stopping'>,
): void {
  const config = { public: true };
  const Health = Type.Object({ status: Type.String(), storage: Type.Optional(Type.Enum(['free', 'full'])) });
  const schema = (summary: string, example: Static<typeof Health>) => ({
    summary,
    security: [],
    response: answers({ 200: shown(Health, example) }),
  });

  app.get('/health', { config, schema: schema('The process answers', { status: 'ok' }) }, async () => ({
    status: 'ok',
  }));

  app.get(
    '/ready',
    { config, schema: schema('The store answers too', { status: 'ready', storage: 'free' }) },
    async () => {
      if (stopping.aborted) throw new ProblemError('stopping', 'the master is stopping');
      await store.ping().catch((cause: Error) => {
        throw new ProblemError('store-unavailable', `the store does not answer: ${cause.message}`, { cause });
      });
      // Ready all the same: heartbeats and results must reach it.
      return { status: 'ready', storage: storage.isFull ? 'full' : 'free' };
    },
  );
}
