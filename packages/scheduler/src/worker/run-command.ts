import { liveness } from '@weighbridge/protocol';
import type { Ending } from './attempt-error.ts';
import type { AttemptLease } from './attempt-lease.ts';
import type { Guard, GuardedProcess } from './guard-client.ts';
import type { GuardedCommand, GuardedExit } from './guard-messages.ts';
import { closeWhenIdle } from './log-sender.ts';

export interface CommandRun {
  readonly guard: Guard;
  readonly command: Omit<GuardedCommand, 'stdout' | 'stderr'>;
  readonly lease: AttemptLease;
  /** Aborted with an {@link Ending}: SIGTERM, a grace, SIGKILL. */
  readonly ending: AbortSignal;
  /** Reads a stream to its end. */
  readonly send: (stream: 'stdout' | 'stderr', source: AsyncIterable<Uint8Array>) => Promise<void>;
}

/** How long the pipes of a command that has ended may stay silent: only a process that fled its group holds them open. */
const pipeIdleMs = 1000;

/** Runs one command under the guard until it has ended and its output is sent. */
export async function runCommand({ guard, command, lease, ending, send }: CommandRun): Promise<GuardedExit> {
  ending.throwIfAborted();
  const running = await guard.run(command, lease.deadlineMs);
  lease.hold(running);
  const stopWatching = onAbort(ending, () => terminate(running, ending.reason as Ending));
  const sent = Promise.allSettled([send('stdout', running.stdout), send('stderr', running.stderr)]);
  const exit = await running.ended;
  stopWatching();
  for (const pipe of [running.stdout, running.stderr]) closeWhenIdle(pipe, pipeIdleMs);
  await sent;
  return exit;
}

function onAbort(signal: AbortSignal, react: () => void): () => void {
  if (signal.aborted) react();
  else signal.addEventListener('abort', react, { once: true });
  return () => signal.removeEventListener('abort', react);
}

function terminate(running: GuardedProcess, { reason }: Ending): void {
  // What may run elsewhere by now gets no grace.
  const graceSeconds = reason === 'stale' ? 0 : liveness.killGraceSeconds;
  running.signal('SIGTERM');
  const kill = setTimeout(() => running.signal('SIGKILL'), graceSeconds * 1000);
  running.ended.then(() => clearTimeout(kill));
}
