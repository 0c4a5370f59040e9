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

/** Our functions in place of some methods of a stream, shared by all streams: no closure for each. */
export class StreamHooks {
  /** Whether the request was complete when the server closed the stream; `undefined`: the server hasn't. */
  wasCompleteAtClose: boolean | undefined;
  /** What the stream is counted as. */
  exchange: StreamExchange | undefined;
  readonly listener: StreamListener;
  readonly destroy: Hooked['_destroy'];
  readonly close: Hooked['close'];
  readonly pushStream: Hooked['pushStream'];

  private constructor(stream: Hooked, listener: StreamListener) {
    this.listener = listener;
    this.destroy = stream._destroy;
    this.close = stream.close;
    this.pushStream = stream.pushStream;
    stream[key] = this;
    if (!usable.streamDestroy) {
      stream.once('close', () => tellDestroy(this, stream));
      return;
    }
    stream._destroy = destroyWithLastReading;
    stream.close = closeAndRemember;
    stream.pushStream = pushAndTell;
  }

  static find(stream: object): StreamHooks | undefined {
    return (stream as Hooked)[key];
  }

  static assign(stream: ServerHttp2Stream, exchange: StreamExchange | undefined): void {
    const hooks = StreamHooks.find(stream);
    if (hooks !== undefined) hooks.exchange = exchange;
  }

  static install(stream: ServerHttp2Stream, listener: StreamListener): void {
    if (StreamHooks.find(stream) === undefined) new StreamHooks(stream as unknown as Hooked, listener);
  }
}

/** All of the request has come: Node has put the end into the stream's queue, whether or not it was read from it. */
export function isRequestComplete(stream: ServerHttp2Stream): boolean {
  const { _readableState: state } = stream as unknown as { _readableState?: { ended?: boolean } };
  return stream.endAfterHeaders || stream.readableEnded || (usable.readableEnded && state?.ended === true);
}

/** 'close' comes too late for a last reading: the handle is gone by then. */
function destroyWithLastReading(this: Hooked, error: Error | null, callback: (error?: Error | null) => void): void {
  const hooks = this[key] as StreamHooks;
  tellDestroy(hooks, this);
  hooks.destroy.call(this, error, callback);
}

function tellDestroy({ listener }: StreamHooks, stream: Hooked): void {
  try {
    listener.onStreamDestroy(stream as unknown as ServerHttp2Stream);
  } catch (fault) {
    listener.onFault(fault);
  }
}

/** Closing ends the readable side as if the request were complete. */
function closeAndRemember(this: Hooked, ...values: unknown[]): void {
  const hooks = this[key] as StreamHooks;
  hooks.wasCompleteAtClose ??= isRequestComplete(this as unknown as ServerHttp2Stream);
  hooks.close.apply(this, values);
}

/** No event tells of a pushed stream; the callback gets it before anything is written to it. */
function pushAndTell(this: Hooked, ...values: unknown[]): void {
  const hooks = this[key] as StreamHooks;
  const callback = values.findLast((value) => typeof value === 'function') as OnPushed | undefined;
  const wrapped: OnPushed = (error, stream, headers, flags) => {
    try {
      if (!error) hooks.listener.onPush(this as unknown as ServerHttp2Stream, stream, headers);
    } catch (fault) {
      hooks.listener.onFault(fault);
    }
    callback?.(error, stream, headers, flags);
  };
  hooks.pushStream.apply(
    this,
    values.map((value) => (value === callback && callback !== undefined ? wrapped : value)),
  );
}
