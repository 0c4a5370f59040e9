import { afterAll, beforeAll, describe } from 'vitest';
import { describeAttempts } from './attempts.ts';
import { describeBandwidth } from './bandwidth.ts';
import { describeBlobs } from './blobs.ts';
import { describeDependencies } from './dependencies.ts';
import { describeFairness } from './fairness.ts';
import { describeJobs } from './jobs.ts';
import { describeLogs } from './logs.ts';
import { describeNodes } from './nodes.ts';
import { describeRetries } from './retries.ts';
import { describeStatements } from './statements.ts';
import { type OpenStore, StoreKit } from './store-kit.ts';
import { describeSupervision } from './supervision.ts';
import { describeWaitingJobs } from './waiting-jobs.ts';

/** What the store must do on every server: one suite for each of its parts, over one store. */
export function describeStore(name: string, open: () => Promise<OpenStore>): void {
  // A busy machine takes its time.
  describe(name, { timeout: 60_000 }, () => {
    let kit: StoreKit;
    beforeAll(async () => {
      kit = await StoreKit.open(await open());
    });
    afterAll(() => kit?.close());

    describeJobs(() => kit);
    describeDependencies(() => kit);
    describeRetries(() => kit);
    describeAttempts(() => kit);
    describeFairness(() => kit);
    describeWaitingJobs(() => kit);
    describeNodes(() => kit);
    describeLogs(() => kit);
    describeBlobs(() => kit);
    describeBandwidth(() => kit);
    describeSupervision(() => kit);
    describeStatements(() => kit);
  });
}
