/** npm forwards the signal that the terminal gave the whole group already: within this, a second one is the same. */
export const sameSignalMs = 1000;

const signals = ['SIGINT', 'SIGTERM'] as const;
type StopSignal = (typeof signals)[number];

/** Where signals come from and what time it is: `process`, or a test. */
export interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  off(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
}

/** Listens for INT and TERM. */
export interface StopSignals {
  /** The first signal. */
  readonly first: Promise<StopSignal>;
  /** Stops listening. */
  dispose(): void;
}

/**
 * Waits for INT or TERM. A second one within a second is the same signal; a later one calls `endNow`.
 */
export function listenForStop(source: SignalSource, endNow: (signal: StopSignal) => void, now = Date.now): StopSignals {
  const { promise, resolve } = Promise.withResolvers<StopSignal>();
  let firstAt: number | undefined;
  const listener = (signal: StopSignal) => {
    firstAt ??= now();
    if (now() - firstAt > sameSignalMs) endNow(signal);
    else resolve(signal);
  };
  for (const signal of signals) source.on(signal, listener);
  return {
    first: promise,
    dispose: () => {
      for (const signal of signals) source.off(signal, listener);
    },
  };
}
