import type { Clients } from '../ledger/clients.ts';
import { maxMethods, maxStatuses } from '../ledger/endpoint-table.ts';
import { sizeBounds } from '../ledger/histogram.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { unattributedReasons } from '../snapshot.ts';

/** What a monitor costs in samples of the exposition. */
export interface SampleCost {
  /** Pairs of method and endpoint that are known. */
  routes: number;
  /** What is exposed for them, with every family that has no endpoint. */
  samples: number;
  /** The most that can ever be exposed, whatever is sent. */
  worstCaseSamples: number;
}

/** A histogram's buckets, `+Inf` among them, its sum and its count. */
const histogramSamples = sizeBounds.length + 3;
/** Bytes, aborted exchanges, sizes. */
const requestSamples = 2 + histogramSamples;
/** Bytes, sizes. */
const responseSamples = 1 + histogramSamples;
/** Connection bytes, pending, TLS overhead; unattributed; in flight, connections, exact, overflowed, errors. */
const commonSamples = 2 * 3 + 2 * unattributedReasons.length + 5;

/** @param clients only where clients are named. */
export function computeCost(ledger: Ledger, maxEndpoints: number, clients: Clients | undefined): SampleCost {
  const { all } = ledger.endpoints;
  const responses = all.reduce((sum, series) => sum + series.responses.size, 0);
  // Past the cap each method has one endpoint `_other`; each endpoint has 8 statuses and `_other`.
  const worstEndpoints = maxEndpoints + maxMethods;
  const worstPerEndpoint = requestSamples + (maxStatuses + 1) * responseSamples;
  return {
    routes: all.length,
    samples: commonSamples + all.length * requestSamples + responses * responseSamples,
    worstCaseSamples: commonSamples + worstEndpoints * worstPerEndpoint + (clients ? 2 * clients.maxNames : 0),
  };
}
