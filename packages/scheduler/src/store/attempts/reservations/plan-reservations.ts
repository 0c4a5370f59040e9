/** Slots that come free when an attempt has ended, by its job's timeout at the latest. */
export interface SlotsEnding {
  readonly inSeconds: number;
  readonly slots: number;
}

/** A node that takes jobs. */
export interface ClaimingNode {
  readonly name: string;
  readonly queues: readonly string[];
  readonly slots: number;
  /** Of what it runs, the earliest first. */
  readonly endings: readonly SlotsEnding[];
}

/** A queued job that takes more than one slot. */
export interface WideJob {
  readonly id: string;
  readonly queue: string;
  readonly slots: number;
  readonly timeoutSeconds: number;
}

export interface ReservationPlan {
  /** The job for which a node keeps the slots that come free, by the node's name. */
  readonly jobByNode: ReadonlyMap<string, string>;
  /** Jobs that have a place: a node that keeps its slots for them, or one with room for them now. */
  readonly placed: ReadonlySet<string>;
}

/** A node while the plan is made. */
interface PlannedNode extends ClaimingNode {
  free: number;
  endings: SlotsEnding[];
  job?: string;
}

/**
 * Gives each job that fits nowhere now the node that has room for it soonest, and each node at most one job.
 *
 * As long as nothing runs longer on that node than until then, the moment at which the job begins at the latest never moves
 * back when the plan is made again: a job can move to another node only because it begins sooner there. So it is not passed for
 * ever. (Backfilling with one reservation a job, as batch schedulers have had it since EASY, 1995.)
 *
 * @param jobs highest priority first, oldest first.
 */
export function planReservations(nodes: readonly ClaimingNode[], jobs: readonly WideJob[]): ReservationPlan {
  const planned = nodes.map(toPlannedNode);
  const placed = new Set<string>();
  for (const job of jobs) {
    const serving = planned.filter(({ queues, slots }) => slots >= job.slots && queues.includes(job.queue));
    if (placeNow(serving, job) || reserve(serving, job)) placed.add(job.id);
  }
  const jobByNode = new Map(planned.flatMap(({ name, job }) => (job === undefined ? [] : [[name, job]])));
  return { jobByNode, placed };
}

function toPlannedNode(node: ClaimingNode): PlannedNode {
  const used = node.endings.reduce((sum, { slots }) => sum + slots, 0);
  return { ...node, free: node.slots - used, endings: [...node.endings] };
}

/** It will be claimed in a moment: the highest job that fits always is. Not where slots are kept for one that stands higher. */
function placeNow(serving: readonly PlannedNode[], job: WideJob): boolean {
  const node = serving.find(({ free, job: kept }) => kept === undefined && free >= job.slots);
  if (!node) return false;
  node.free -= job.slots;
  node.endings.push({ inSeconds: job.timeoutSeconds, slots: job.slots });
  node.endings.sort((a, b) => a.inSeconds - b.inSeconds);
  return true;
}

function reserve(serving: readonly PlannedNode[], job: WideJob): boolean {
  let soonest: PlannedNode | undefined;
  let soonestSeconds = Number.POSITIVE_INFINITY;
  for (const node of serving) {
    if (node.job !== undefined) continue;
    const seconds = computeStart(node, job.slots);
    if (seconds >= soonestSeconds) continue;
    soonest = node;
    soonestSeconds = seconds;
  }
  if (!soonest) return false;
  soonest.job = job.id;
  return true;
}

/** In how many seconds so many slots are free, at the latest. */
function computeStart({ free, endings }: PlannedNode, slots: number): number {
  let left = free;
  for (const ending of endings) {
    if (left >= slots) break;
    left += ending.slots;
    if (left >= slots) return Math.max(0, ending.inSeconds);
  }
  return left >= slots ? 0 : Number.POSITIVE_INFINITY;
}
