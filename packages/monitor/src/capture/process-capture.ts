import { Capture } from './capture.ts';

/**
 * Version of what copies of this package share in a process: the class {@link Capture}, and the interfaces of
 * accounts.ts. It is raised with the package's major version.
 */
const captureVersion = 2;

// `--import` loads a copy of its own, and a tree of packages may hold more.
const key: unique symbol = Symbol.for('weighbridge.capture');
const shared = globalThis as { [key]?: { readonly version: number; readonly capture: Capture } };

/** The hooks of this process, made by whichever copy of the package came first. */
export function processCapture(): Capture {
  shared[key] ??= { version: captureVersion, capture: new Capture() };
  return shared[key].capture;
}

/** The version of another copy's hooks, which this one can't share; `undefined` where there are none. */
export function foreignVersion(): number | undefined {
  const version = shared[key]?.version;
  return version === captureVersion ? undefined : version;
}
