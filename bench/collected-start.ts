import { setImmediate } from 'node:timers/promises';
import { collectGarbage } from '../packages/monitor/test/support/garbage.ts';

/**
 * Collects all garbage between calls of `process.nextTick`, before V8 has optimized it. V8 forgets the shapes of the
 * objects that Node makes there when it collects while none of them lives, and from then on each call takes several
 * times as long, for the life of the process. An application that loads more than a hello-world does meets such a
 * collection while it starts; of two servers that are compared both have to, or neither.
 */
export async function startCollected(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    for (let call = 0; call < 20; call++) process.nextTick(() => {}, round);
    await setImmediate();
    collectGarbage();
  }
}
