import type { BandwidthSnapshot } from '../snapshot.ts';

/** What the listener serves: one monitor's books, or the sum of many. */
export interface Figures {
  text(): Promise<string>;
  snapshot(): BandwidthSnapshot;
}
