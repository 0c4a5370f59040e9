import type { Queryable } from '../../database/database.ts';
import { defineStatement, json } from '../../database/statement.ts';
import { isHeard } from '../../nodes/node-state.ts';
import { overdueGraceSeconds } from '../overdue.ts';
import { planReservations, type ReservationPlan, type SlotsEnding } from './plan-reservations.ts';

/** A plan is made again when it is older: nodes come and go, and what runs ends sooner than its timeout says. */
const planMs = 1000;
/** Of each queue so many jobs that take more than one slot are looked at, the highest first. */
export const wideJobsPerQueue = 100;
/** A node keeps its slots for one job, so more places than nodes there are not. */
const wideJobsLimit = 1000;

const listClaimingNodes = defineStatement({
  name: 'list_claiming_nodes',
  parameters: {},
  columns: { name: 'text', queues: 'text[]', slots: 'int4', endings: json<SlotsEnding[]>() },
  sql: () => `
    SELECT n.name, n.queues, n.slots, (
      SELECT coalesce(json_agg(json_build_object(
        'inSeconds', extract(epoch FROM a.overdue_at - now()) - ${overdueGraceSeconds}, 'slots', a.slots
      ) ORDER BY a.overdue_at), '[]'::json)
      FROM weighbridge.attempts a WHERE a.node = n.name AND a.outcome IS NULL
    ) AS endings
    FROM weighbridge.nodes n
    WHERE ${isHeard} AND NOT n.draining
    ORDER BY n.name
  `,
});

const listWideJobs = defineStatement({
  name: 'list_wide_jobs',
  parameters: { perQueue: 'int4', limit: 'int4' },
  columns: { id: 'uuid', queue: 'text', slots: 'int4', timeoutSeconds: 'int4' },
  sql: ({ perQueue, limit }) => `
    SELECT wide.id, wide.queue, wide.slots, wide.timeout_seconds AS "timeoutSeconds"
    FROM weighbridge.queues q CROSS JOIN LATERAL (
      SELECT j.* FROM weighbridge.jobs j WHERE j.queue = q.name AND j.state = 'queued' AND j.slots > 1
      ORDER BY j.priority DESC, j.created_at, j.id LIMIT ${perQueue}
    ) wide
    ORDER BY wide.priority DESC, wide.created_at, wide.id LIMIT ${limit}
  `,
});

/**
 * Which node keeps its free slots for which job. The plan follows from what the store holds, so masters that share a store
 * come to the same one; nothing of it is stored.
 */
export class Reservations {
  readonly #on: Queryable;
  #plan: ReservationPlan = { jobByNode: new Map(), placed: new Set() };
  #madeMs = Number.NEGATIVE_INFINITY;
  #making: Promise<ReservationPlan> | undefined;

  constructor(on: Queryable) {
    this.#on = on;
  }

  /** The plan, made again when it is old. While no job needs one, nothing is asked. */
  async current(): Promise<ReservationPlan> {
    const isOld = performance.now() - this.#madeMs > planMs;
    return isOld && this.#plan.placed.size > 0 ? this.refresh() : this.#plan;
  }

  /** A plan of what the store holds now. Calls that come while one is being made share the next. */
  async refresh(): Promise<ReservationPlan> {
    if (this.#making) await this.#making.catch(() => undefined);
    this.#making ??= this.#make();
    return this.#making;
  }

  async #make(): Promise<ReservationPlan> {
    try {
      const jobs = await this.#on.run(listWideJobs, { perQueue: wideJobsPerQueue, limit: wideJobsLimit });
      const nodes = jobs.length === 0 ? [] : await this.#on.run(listClaimingNodes, {});
      this.#plan = planReservations(nodes, jobs);
      this.#madeMs = performance.now();
      return this.#plan;
    } finally {
      this.#making = undefined;
    }
  }
}
