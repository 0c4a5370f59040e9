import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@weighbridge/protocol';
import { Master, type MasterInfo, type MasterOptions } from '../../src/index.ts';
import { findUndescribed } from './answers.ts';

/** A master of a test's own, on free ports, and how to talk to it. */
export interface Running extends MasterInfo {
  readonly master: Master;
  readonly dataDir: string;
  readonly client: Client;
  /** A request with the token. */
  call(path: string, init?: RequestInit): Promise<Response>;
  /** The same with a JSON body. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  clientOf(node: string): Client;
  scrape(): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startMaster(options: MasterOptions = {}): Promise<Running> {
  const dataDir = await mkdtemp(join(tmpdir(), 'weighbridge-master-'));
  const master = new Master({ listen: '127.0.0.1:0', metricsListen: '127.0.0.1:0', dataDir, ...options });
  const info = await master.start();
  const { apiUrl, token, metricsUrl } = info;
  const call = (path: string, init: RequestInit = {}) =>
    fetch(apiUrl + path, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } });
  return {
    ...info,
    master,
    dataDir,
    client: new Client({ url: apiUrl, token }),
    call,
    post: (path, body, headers = {}) =>
      call(path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }),
    clientOf: (node) => new Client({ url: apiUrl, token, node }),
    scrape: async () => (await fetch(`${metricsUrl}/metrics`)).text(),
    async [Symbol.asyncDispose]() {
      const undescribed = await findUndescribed(apiUrl);
      await master.stop();
      await rm(dataDir, { recursive: true, force: true });
      if (undescribed.length > 0) throw new Error(`the contract does not name: ${undescribed.join(', ')}`);
    },
  };
}

export const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

export const randomName = () => `n-${randomUUID().slice(0, 8)}`;

/** The value of one sample of an exposition, by its name and labels as written. */
export function sample(exposition: string, series: string): number | undefined {
  const line = exposition.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}
