import { type JobSubmission, ProblemError } from '@weighbridge/protocol';
import { formatValue } from '../http/validation.ts';

/**
 * Checks the keys of a submission, and that its jobs can run one after the other; `at` says where a job stands in the body.
 *
 * @throws ProblemError `invalid-request` for a key that stands twice or nowhere, and for jobs that wait for each other.
 */
export function checkDependencies(submissions: readonly JobSubmission[], at: (index: number) => string): void {
  const indexByKey = new Map<string, number>();
  for (const [index, { key }] of submissions.entries()) {
    if (key === undefined) continue;
    const earlier = indexByKey.get(key);
    if (earlier !== undefined)
      throw invalid(
        `${at(index)}.key must be unique in the submission, got ${formatValue(key)}, as ${at(earlier)} has`,
      );
    indexByKey.set(key, index);
  }
  const parents = submissions.map(({ dependsOn = [] }, index) =>
    dependsOn.map((key, place) => {
      const parent = indexByKey.get(key);
      if (parent !== undefined) return parent;
      throw invalid(
        `${at(index)}.dependsOn[${place}] must be the key of a job of the same submission, got ${formatValue(key)}`,
      );
    }),
  );
  const circle = findCircle(parents);
  if (circle)
    throw invalid(
      `${at(circle[0] ?? 0)}.dependsOn must not lead back to the job itself, got ${circle.map((index) => formatValue(submissions[index]?.key)).join(' → ')}`,
    );
}

const invalid = (detail: string) => new ProblemError('invalid-request', detail);

/** Jobs, by their index, of which each waits for the next, and the last for the first, which is named again. */
function findCircle(parents: readonly (readonly number[])[]): number[] | undefined {
  const waitingFor = parents.map((ones) => ones.length);
  const children: number[][] = parents.map(() => []);
  for (const [index, ones] of parents.entries()) for (const parent of ones) children[parent]?.push(index);
  const free = waitingFor.flatMap((count, index) => (count === 0 ? [index] : []));
  // Whatever can run is taken away; what is left waits for something that is left.
  for (const index of free) {
    for (const child of children[index] ?? []) {
      waitingFor[child] = (waitingFor[child] ?? 0) - 1;
      if (waitingFor[child] === 0) free.push(child);
    }
  }
  const isLeft = (index: number) => (waitingFor[index] ?? 0) > 0;
  const path: number[] = [];
  let at = waitingFor.findIndex((count) => count > 0);
  while (at >= 0) {
    const begin = path.indexOf(at);
    path.push(at);
    if (begin >= 0) return path.slice(begin);
    at = parents[at]?.find(isLeft) ?? -1;
  }
  return undefined;
}
