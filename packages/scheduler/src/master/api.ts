import { ProblemError } from '@weighbridge/protocol';
import { type App, createApp } from './app.ts';
import { requireToken } from './auth.ts';
import type { MasterContext } from './context.ts';
import { describeApi } from './openapi.ts';
import { attemptRoutes, trackAttemptBytes } from './routes/attempts.ts';
import { bandwidthRoutes } from './routes/bandwidth.ts';
import { blobRoutes } from './routes/blobs.ts';
import { fileRoutes } from './routes/files.ts';
import { healthRoutes } from './routes/health.ts';
import { jobRoutes } from './routes/jobs.ts';
import { logRoutes } from './routes/logs.ts';
import { nodeRoutes } from './routes/nodes.ts';
import { pageRoutes } from './routes/page.ts';

/** The API and the live page, ready to listen. */
export async function createApi(context: MasterContext): Promise<App> {
  const app = createApp();
  context.bandwidth.watch(app.server);
  refuseWhileStopping(app, context.stopping);
  trackAttemptBytes(app, context);
  requireToken(app, context.token);
  await describeApi(app);
  for (const routes of [
    jobRoutes,
    attemptRoutes,
    logRoutes,
    fileRoutes,
    nodeRoutes,
    blobRoutes,
    bandwidthRoutes,
    healthRoutes,
  ])
    routes(app, context);
  pageRoutes(app);
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
