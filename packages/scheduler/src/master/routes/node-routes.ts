import {
  ClaimReply,
  ClaimRequest,
  Goodbye,
  Heartbeat,
  HeartbeatReply,
  limits,
  liveness,
  Name,
  Node,
  NodeDetail,
  NodeList,
  NodeRegistration,
  NodeSession,
  ProblemError,
} from '@weighbridge/protocol';
import { Type } from 'typebox';
import { claimWork } from '../claims/claim-work.ts';
import type { MasterContext } from '../context.ts';
import type { App } from '../http/app.ts';
import { examples } from '../http/examples.ts';
import { answers, Nothing, shown } from '../http/schemas.ts';

const Params = Type.Object({ id: Name });
const unknownNode = ['not-found', 'stale-session'] as const;

/** A worker's side: register, heartbeat, claim; and the list of nodes. */
export function nodeRoutes(app: App, context: MasterContext): void {
  const { store, metrics, cluster } = context;

  app.post(
    '/nodes/register',
    {
      schema: {
        summary: 'Register a worker',
        body: shown(NodeRegistration, examples.registration),
        response: answers({ 200: shown(NodeSession, examples.nodeSession) }, ['name-taken', 'too-many-names']),
      },
    },
    async ({ body }) => {
      const { session, draining, lost } = await store.nodes.register(body);
      metrics.ended(lost);
      for (const queue of body.queues) metrics.knowQueue(queue);
      cluster.learn(body.name, body.queues);
      void cluster.refresh();
      return { id: body.name, session, draining, heartbeatSeconds: liveness.heartbeatSeconds };
    },
  );

  app.post(
    '/nodes/:id/heartbeat',
    {
      schema: {
        summary: 'Extend the leases of what a node runs',
        params: Params,
        body: shown(Heartbeat, examples.heartbeat),
        response: answers({ 200: shown(HeartbeatReply, examples.heartbeatReply) }, unknownNode),
      },
    },
    async ({ params, body }) => store.nodes.heartbeat(params.id, body.session, body.attempts),
  );

  app.post(
    '/nodes/:id/goodbye',
    {
      schema: {
        summary: 'Tell that a worker has stopped, or has died',
        params: Params,
        body: shown(Goodbye, examples.goodbye),
        response: answers({ 204: Nothing }, unknownNode),
      },
    },
    async ({ params, body }, reply) => {
      metrics.ended(await store.nodes.goodbye(params.id, body.session, body.workerDied === true));
      void cluster.refresh();
      return reply.code(204).send();
    },
  );

  app.post(
    '/nodes/:id/claim',
    {
      schema: {
        summary: 'Claim work, waiting for it',
        params: Params,
        body: shown(ClaimRequest, examples.claim),
        response: answers({ 200: shown(ClaimReply, examples.claimReply) }, unknownNode),
      },
    },
    async (request, reply): Promise<ClaimReply> => {
      const node = request.params.id;
      const queues = cluster.findQueues(node) ?? (await requireNode(context, node)).queues;
      const { waitSeconds = liveness.claimWaitSeconds, ...asked } = request.body;
      return claimWork(context, { node, queues, ...asked }, waitSeconds, reply.raw);
    },
  );

  app.get(
    '/nodes',
    { schema: { summary: 'All nodes', response: answers({ 200: shown(NodeList, examples.nodeList) }) } },
    async () => ({
      nodes: await store.nodes.list(),
    }),
  );

  app.get(
    '/nodes/:id',
    {
      schema: {
        summary: 'One node, and what it runs',
        params: Params,
        response: answers({ 200: shown(NodeDetail, examples.nodeDetail) }, ['not-found']),
      },
    },
    async (request): Promise<NodeDetail> => {
      const node = await requireNode(context, request.params.id);
      const { jobs, count } = await store.nodes.listRunning(node.id, limits.nodeJobsShown);
      return { ...node, jobs, jobCount: count };
    },
  );

  for (const [verb, draining, summary] of [
    ['drain', true, 'Give a node no further jobs; what it runs goes on'],
    ['resume', false, 'Give a node jobs again'],
  ] as const) {
    app.post(
      `/nodes/:id/${verb}`,
      {
        schema: {
          summary,
          params: Params,
          response: answers({ 200: shown(Node, draining ? examples.drained : examples.node) }, ['not-found']),
        },
      },
      async (request) => {
        await store.nodes.drain(request.params.id, draining);
        void cluster.refresh();
        return requireNode(context, request.params.id);
      },
    );
  }

  app.delete(
    '/nodes/:id',
    {
      schema: {
        summary: 'Delete the record of a node whose worker is gone',
        params: Params,
        response: answers({ 204: Nothing }, ['not-found', 'node-in-use']),
      },
    },
    async (request, reply) => {
      await store.nodes.delete(request.params.id);
      void cluster.refresh();
      return reply.code(204).send();
    },
  );
}

async function requireNode({ store }: MasterContext, id: string): Promise<Node> {
  const node = await store.nodes.find(id);
  if (!node) throw new ProblemError('not-found', `there is no node ${id}`);
  return node;
}
