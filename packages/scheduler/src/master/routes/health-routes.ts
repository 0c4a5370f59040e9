import { ProblemError } from '@weighbridge/protocol';
import { Type } from 'typebox';
import type { MasterContext } from '../context.ts';
import type { App } from '../http/app.ts';
import { answers } from '../http/schemas.ts';

/** Is the process there; does it take work. */
export function healthRoutes(
  app: App,
  { store, storage, stopping }: Pick<MasterContext, 'store' | 'storage' | 'stopping'>,
): void {
  const config = { public: true };
  const schema = (summary: string, problems?: Record<number, string>) => ({
    summary,
    security: [],
    response: answers(
      { 200: Type.Object({ status: Type.String(), storage: Type.Optional(Type.Enum(['free', 'full'])) }) },
      problems,
    ),
  });

  app.get('/health', { config, schema: schema('The process answers') }, async () => ({ status: 'ok' }));

  app.get('/ready', { config, schema: schema('The store answers too', { 503: 'Not ready' }) }, async () => {
    if (stopping.aborted) throw new ProblemError('stopping', 'the master is stopping');
    await store.ping().catch((cause: Error) => {
      throw new ProblemError('store-unavailable', `the store does not answer: ${cause.message}`, { cause });
    });
    // Ready all the same: heartbeats and results must reach it.
    return { status: 'ready', storage: storage.isFull ? 'full' : 'free' };
  });
}
