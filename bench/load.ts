/** What asks a server of the bench: the same request again as soon as its answer is whole. */
export interface Load {
  /** Asks for about `ms`, waits for the last answers, and tells how many came in which time. */
  run(ms: number): Promise<LoadFigures>;
  close(): void;
}

export interface LoadFigures {
  readonly answers: number;
  readonly elapsedMs: number;
}
