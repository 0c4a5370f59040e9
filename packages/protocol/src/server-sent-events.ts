/** One server-sent event. */
export interface ServerSentEvent {
  readonly type: string;
  readonly data: string;
}

/** Nothing was heard for so long that the stream must be dead, though nothing said so. */
export class SilentStreamError extends Error {
  readonly code = 'silent-stream';

  constructor(silenceMs: number) {
    super(`the server was silent for ${silenceMs / 1000} seconds`);
    this.name = 'SilentStreamError';
  }
}

/** The longest event that is read, in characters; a longer one ends the stream. */
const maxEventLength = 16 * 1024 * 1024;

/**
 * Reads server-sent events from a body (https://html.spec.whatwg.org/multipage/server-sent-events.html), in a browser
 * or in Node. EventSource would do in a browser, but can't send a token.
 *
 * @param silenceMs keep-alive comments count as a sign of life.
 * @throws SilentStreamError; Error when an event is too long, or what the body throws.
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  silenceMs: number,
): AsyncGenerator<ServerSentEvent> {
  let rest = '';
  for await (const text of readTexts(body, silenceMs)) {
    const blocks = (rest + text).split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? '';
    if (rest.length > maxEventLength) throw new Error('the server sent an event that is too long');
    for (const block of blocks) {
      const event = parseEvent(block);
      if (event) yield event;
    }
  }
}

async function* readTexts(body: ReadableStream<Uint8Array<ArrayBuffer>>, silenceMs: number): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const silence = Promise.withResolvers<never>();
      const timer = setTimeout(() => silence.reject(new SilentStreamError(silenceMs)), silenceMs);
      const { done, value } = await Promise.race([reader.read(), silence.promise]).finally(() => clearTimeout(timer));
      if (done) return;
      yield value;
    }
  } finally {
    // Not awaited: a dead connection may not answer.
    void reader.cancel().catch(() => undefined);
  }
}

function parseEvent(block: string): ServerSentEvent | undefined {
  let type = 'message';
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value = ''] = /^([^:]+):? ?(.*)$/.exec(line) ?? [];
    if (field === 'event') type = value;
    else if (field === 'data') data.push(value);
  }
  return data.length > 0 ? { type, data: data.join('\n') } : undefined;
}
