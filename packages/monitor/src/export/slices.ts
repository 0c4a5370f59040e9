import { Turns } from './turns.ts';

/** Characters sent at a stretch: encoding and handing them to the system takes half a millisecond. */
const slice = 256 * 1024;

/**
 * A long text in slices, with a pause for others between them: `response.end(text)` with three megabytes stops the
 * event loop for as long as it takes to encode them and to copy them into the socket.
 *
 * @example
 * await pipeline(inSlices(await registry.metrics()), response);
 */
export async function* inSlices(text: string): AsyncGenerator<string> {
  const turns = new Turns();
  for (let at = 0; at < text.length; at += slice) {
    yield text.slice(at, at + slice);
    if (at + slice < text.length) await turns.next();
  }
}
