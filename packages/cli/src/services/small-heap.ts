import { setFlagsFromString } from 'node:v8';

/**
 * Lets V8 collect sooner, for a process that runs beside others for months: by default a burst of submissions grows the
 * heap to five times of what lives in it, and it stays so. `npm run bench -- scheduler` shows what a master holds, and how
 * long its loop stands.
 *
 * To be called once everything is loaded. The young generation keeps the size that it has then, about 16 MB; smaller, and
 * V8's collections would stop the loop for longer.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=20');
}
