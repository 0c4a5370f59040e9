/**
 * Whether a warning tells only what its reader may improve: most servers of the tests have no framework, and some have
 * more endpoints than places.
 */
export function isNote(message: string): boolean {
  return /^weighbridge: (a request has no template|the cap of \d+ endpoints was met)/.test(message);
}

/** A place for all other warnings. */
export function collectWarnings(warnings: string[]): (message: string) => void {
  return (message) => {
    if (!isNote(message)) warnings.push(message);
  };
}
