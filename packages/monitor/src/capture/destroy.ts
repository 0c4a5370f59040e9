import type { Duplex } from 'node:stream';

type Destroy = (error: Error | null, callback: (error?: Error | null) => void) => void;
type Destroyable = Duplex & { _destroy: Destroy };

/**
 * Calls `before` when a socket or stream is destroyed, while its handle still is there: 'close' comes too late
 * for a last reading.
 *
 * @param before gets the error's code, `undefined` without an error; must not throw.
 */
export function beforeDestroy(stream: Duplex, before: (code: string | undefined) => void): void {
  const target = stream as Destroyable;
  const destroy = target._destroy;
  target._destroy = (error, callback) => {
    before((error as NodeJS.ErrnoException | null)?.code);
    destroy.call(target, error, callback);
  };
}
