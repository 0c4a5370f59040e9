import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lacksRoot } from '../../../../e2e/support/needs.ts';
import { runCaptured } from './outside/captured-run.ts';
import { nodeBinary, nodeVersions } from './outside/node-binaries.ts';
import { wireFaults } from './outside/wire-faults.ts';

const seed = Number(process.env.WEIGHBRIDGE_SEED ?? Math.floor(Math.random() * 2 ** 32));
const missing = lacksRoot({ tcpdump: 'tcpdump', ip: 'iproute2' });

describe.skipIf(missing)('on the binary of', () => {
  test.each(nodeVersions)(
    'Node %s every scenario equals its clients and the wire',
    async (version) => {
      const folder = mkdtempSync(join(tmpdir(), 'weighbridge-truth-'));
      try {
        const options = { seed, largeBytes: 100_000_000 };
        const { outcomes, payload } = await runCaptured(nodeBinary(version), join(folder, 'wire.pcap'), options);
        const failures = outcomes.flatMap((outcome) => {
          const found = [...outcome.failures, ...wireFaults(outcome, payload)];
          const name = `${outcome.name}${outcome.watched ? ', watched' : ''}`;
          return found.length === 0 ? [] : [{ name, found }];
        });
        expect(failures, `WEIGHBRIDGE_SEED=${seed}`).toEqual([]);
        expect(outcomes.filter(({ watched, snapshots }) => watched && snapshots > 1).length).toBeGreaterThan(20);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    600_000,
  );
});
