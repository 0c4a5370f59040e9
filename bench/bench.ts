import type { Table } from './table.ts';

/** What every bench is asked. */
export interface BenchOptions {
  /** Short runs: to see that it works, not for figures to publish. */
  readonly quick: boolean;
  /** Hosts to measure on, those of `hosts.ts`. */
  readonly hosts: readonly string[];
  /** Tells how far long work is; to standard error. */
  progress(message: string): void;
}

/** Tables for people, figures for programs. */
export interface Outcome {
  readonly tables: readonly Table[];
  readonly figures: unknown;
}

/** One name of `npm run bench -- NAME`: gives its figures, or prints lines by itself. */
export type Bench = { readonly about: string } & (
  | { run(options: BenchOptions): Promise<Outcome> }
  | { print(): Promise<void> }
);
