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

/** The least version of Node that is tested. */
const leastNode = '22.18';
const isNodeTooOld = isOlderNode(leastNode);

/** Why nothing can be counted in this process, as a line for the log; `undefined` where it can. */
export function findObstacle(): string | undefined {
  if (isNodeTooOld) {
    return `weighbridge: Node ${leastNode} or newer is needed, this is ${process.versions.node}; nothing is counted, the application runs on`;
  }
  const version = shared[key]?.version;
  if (version === undefined || version === captureVersion) return undefined;
  return `weighbridge: another major version of @weighbridge/monitor counts in this process already (hooks version ${version}); this one does not count`;
}

function isOlderNode(least: string): boolean {
  const { bun, deno, node } = process.versions;
  if (bun || deno) return false;
  const [wanted, there] = [least, node].map((version) => version.split('.').map(Number));
  const [wantedMajor = 0, wantedMinor = 0] = wanted ?? [];
  const [major = 0, minor = 0] = there ?? [];
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}
