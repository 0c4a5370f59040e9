import { type LiveJobState, Name, ProblemError, Queue } from '@weighbridge/protocol';
import { Type } from 'typebox';
import type { MasterContext } from '../context.ts';
import type { App } from '../http/app.ts';
import { examples } from '../http/examples.ts';
import { answers, shown } from '../http/schemas.ts';

/** What waits in a queue, and who serves it. */
export function queueRoutes(app: App, { store, cluster }: MasterContext): void {
  app.get(
    '/queues/:queue',
    {
      schema: {
        summary: 'One queue: how many jobs are in which state, the oldest of them, who serves it',
        params: Type.Object({ queue: Name }),
        response: answers({ 200: shown(Queue, examples.queue) }, ['not-found']),
      },
    },
    async ({ params: { queue } }): Promise<Queue> => {
      const counted = cluster.queues.jobs.filter((one) => one.queue === queue);
      const oldest = await store.jobs.findOldest(queue);
      const nodes = cluster.nodes.filter(({ state, queues }) => state === 'ready' && queues.includes(queue));
      if (counted.length === 0 && !oldest && nodes.length === 0)
        throw new ProblemError('not-found', `no job was submitted to the queue ${queue}, and no node serves it`);
      return {
        queue,
        counts: Object.fromEntries(counted.map(({ state, count }) => [state, count])) as Record<LiveJobState, number>,
        ...(oldest && { oldest }),
        nodes: nodes.map(({ id }) => id),
      };
    },
  );
}
