import type { Socket } from 'node:net';

/** The part of a stream's state that knows how long the write under way is (lib/internal/streams/writable.js). */
interface WriteState {
  writelen: number;
  onwrite: (error?: Error | null) => void;
}

/**
 * Tells of a write that failed, at once and with its length: Node counts what it submitted, and keeps no record
 * of what the kernel refused. Lengths of strings are in characters. Where a Node lacks the state, nothing is told.
 */
export function onRefusedWrite(socket: Socket, tell: (length: number) => void): void {
  const state = (socket as unknown as { _writableState?: Partial<WriteState> })._writableState as WriteState;
  if (typeof state?.onwrite !== 'function' || typeof state.writelen !== 'number') return;
  const { onwrite } = state;
  state.onwrite = (error) => {
    if (error) tell(state.writelen);
    onwrite(error);
  };
}
