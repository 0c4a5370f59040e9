import type { FastifyInstance } from 'fastify';
import type { StorageGuard } from './storage-guard.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered with 507 while less than the reserve is free, before the body is read. */
    needsRoom?: boolean;
  }
}

/** Refuses what can be sent again later while the disk is full but for its reserve. */
export function refuseWithoutRoom(app: Pick<FastifyInstance, 'addHook'>, storage: StorageGuard): void {
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.needsRoom) storage.requireRoom();
  });
}
