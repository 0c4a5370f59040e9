/** What the main thread asks of the engine's thread. */
export type EngineRequest = { id: number } & (
  | { kind: 'query'; text: string; values: unknown[] }
  | { kind: 'exec'; text: string }
  | { kind: 'listen'; channel: string }
  | { kind: 'close' }
);

export interface EngineError {
  message: string;
  code: string | undefined;
  constraint: string | undefined;
  detail: string | undefined;
  table: string | undefined;
}

/** What the engine's thread says. */
export type EngineReply =
  | { kind: 'opened' }
  | { kind: 'result'; id: number; value: unknown }
  | { kind: 'failure'; id: number; error: EngineError }
  | { kind: 'notification'; channel: string; payload: string };
