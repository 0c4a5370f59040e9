import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { usable } from '../../self-test.ts';
import type { StreamExchange } from './http2-stream.ts';

/** Hears what happens to the streams of one connection. What it throws reaches nobody but itself. */
export interface StreamListener {
  /** The stream is destroyed; its handle is still there. */
  onStreamDestroy(stream: ServerHttp2Stream): void;
  /** The server has pushed a stream beside this one; nothing was answered on it yet. */
  onPush(parent: ServerHttp2Stream, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void;
  onFault(error: unknown): void;
}

type OnPushed = (error: Error | null, stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number) => void;

const key = Symbol('weighbridge.stream');
type Hooked = Omit<ServerHttp2Stream, 'close' | 'pushStream'> & {
  [key]?: StreamHooks;
  _destroy: (error: Error | null, callback: (error?: Error | null) => void) => void;
  close: (...values: unknown[]) => void;
  pushStream: (...values: unknown[]) => void;
};

/** Classes of streams that have our functions. In practice one: Node's own. */
const hookedClasses = new WeakSet<Hooked>();

/**
 * What hangs on a stream that is counted. Our functions stand in place of some methods of its class, not of the
 * stream: each property that a stream gets costs more than all that they do. They are never taken away again; for a
 * stream on which nothing hangs they only call the method that they stand for.
 */
export class StreamHooks {
  /** Whether the request was complete when the server closed the stream; `undefined`: the server hasn't. */
  wasCompleteAtClose: boolean | undefined;
  /** What the stream is counted as. */
  exchange: StreamExchange | undefined;
  readonly listener: StreamListener;

  private constructor(listener: StreamListener) {
    this.listener = listener;
  }

  static find(stream: object): StreamHooks | undefined {
    return (stream as Hooked)[key];
  }

  static assign(stream: ServerHttp2Stream, exchange: StreamExchange | undefined): void {
    const hooks = StreamHooks.find(stream);
    if (hooks !== undefined) hooks.exchange = exchange;
  }

  static install(stream: ServerHttp2Stream, listener: StreamListener): void {
    if (StreamHooks.find(stream) !== undefined) return;
    const hooked = stream as unknown as Hooked;
    const hooks = new StreamHooks(listener);
    hooked[key] = hooks;
    if (usable.streamDestroy) hookClass(Object.getPrototypeOf(stream) as Hooked);
    else stream.once('close', () => tellDestroy(hooks, hooked));
  }
}

function hookClass(prototype: Hooked): void {
  if (hookedClasses.has(prototype)) return;
  hookedClasses.add(prototype);
  const { _destroy, close, pushStream } = prototype;
  define(prototype, '_destroy', function (error, callback) {
    const hooks = this[key];
    // 'close' comes too late for a last reading: the handle is gone by then.
    if (hooks !== undefined) tellDestroy(hooks, this);
    _destroy.call(this, error, callback);
  });
  define(prototype, 'close', function (...values) {
    const hooks = this[key];
    // Closing ends the readable side as if the request were complete.
    if (hooks !== undefined) hooks.wasCompleteAtClose ??= isRequestComplete(this as unknown as ServerHttp2Stream);
    close.apply(this, values);
  });
  define(prototype, 'pushStream', function (...values) {
    const hooks = this[key];
    pushStream.apply(this, hooks === undefined ? values : tellPush(hooks, this, values));
  });
}

function define<Name extends '_destroy' | 'close' | 'pushStream'>(
  prototype: Hooked,
  name: Name,
  value: (this: Hooked, ...values: Parameters<Hooked[Name]>) => void,
): void {
  Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
}

/** All of the request has come: Node has put the end into the stream's queue, whether or not it was read from it. */
export function isRequestComplete(stream: ServerHttp2Stream): boolean {
  const { _readableState: state } = stream as unknown as { _readableState?: { ended?: boolean } };
  return stream.endAfterHeaders || stream.readableEnded || (usable.readableEnded && state?.ended === true);
}

function tellDestroy({ listener }: StreamHooks, stream: Hooked): void {
  try {
    listener.onStreamDestroy(stream as unknown as ServerHttp2Stream);
  } catch (fault) {
    listener.onFault(fault);
  }
}

/**
 * No event tells of a pushed stream; the callback gets it before anything is written to it.
 *
 * @returns arguments whose callback tells of it first.
 */
function tellPush(hooks: StreamHooks, parent: Hooked, values: readonly unknown[]): unknown[] {
  const callback = values.findLast((value) => typeof value === 'function') as OnPushed | undefined;
  const telling: OnPushed = (error, stream, headers, flags) => {
    try {
      if (!error) hooks.listener.onPush(parent as unknown as ServerHttp2Stream, stream, headers);
    } catch (fault) {
      hooks.listener.onFault(fault);
    }
    callback?.(error, stream, headers, flags);
  };
  return values.map((value) => (value === callback && callback !== undefined ? telling : value));
}
