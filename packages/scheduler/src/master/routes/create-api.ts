import { ProblemError } from '@weighbridge/protocol';
import type { MasterContext } from '../context.ts';
import { type App, createApp } from '../http/app.ts';
import { requireToken } from '../http/auth.ts';
import { limitConnections } from '../http/connection-limits.ts';
import { describeApi } from '../http/openapi.ts';
import { cutSlowBodies } from '../http/slow-bodies.ts';
import { refuseWithoutRoom } from '../storage/needs-room.ts';
import { attemptRoutes, trackAttemptBytes } from './attempt-routes.ts';
import { bandwidthRoutes } from './bandwidth-routes.ts';
import { blobRoutes } from './blob-routes.ts';
import { fileRoutes } from './file-routes.ts';
import { healthRoutes } from './health-routes.ts';
import { jobRoutes } from './job-routes.ts';
import { logRoutes } from './log-routes.ts';
import { nodeRoutes } from './node-routes.ts';
import { pageRoutes } from './page-routes.ts';
import { queueRoutes } from './queue-routes.ts';

/** The API and the live page, ready to listen. */
export async function createApi(context: MasterContext): Promise<App> {
  const app = createApp();
  const { metrics, options } = context;
  // Before the monitor hears of a connection: what is closed at once moves nothing.
  limitConnections(app.server, options, (limit) => metrics.connectionRefused(limit));
  context.bandwidth.watch(app.server);
  cutSlowBodies(app, options.bodyRate, () => metrics.bodyCut());
  refuseWhileStopping(app, context.stopping);
  trackAttemptBytes(app, context);
  requireToken(app, context.token);
  // Another server's disk is not ours to watch.
  if (context.store.kind === 'embedded') refuseWithoutRoom(app, context.storage);
  await describeApi(app);
  for (const routes of [
    jobRoutes,
    attemptRoutes,
    logRoutes,
    fileRoutes,
    nodeRoutes,
    blobRoutes,
    bandwidthRoutes,
    queueRoutes,
    healthRoutes,
    pageRoutes,
  ])
    routes(app, context);
  await app.ready();
  return app;
}

function refuseWhileStopping(app: App, stopping: AbortSignal): void {
  app.addHook('onRequest', async (_request, reply) => {
    if (!stopping.aborted) return;
    reply.header('connection', 'close');
    throw new ProblemError('stopping', 'the master is stopping; ask again in a moment');
  });
}
