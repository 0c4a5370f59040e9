import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { type Rates, repeatFor } from './rates.ts';

const job = { command: 'true' };
const claimed = 20;
const heartbeatMs = 5000;

/** Calls of the master's API that cost the caller little: it shares two cores with what is measured. */
export class ApiCaller {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #url: URL;
  readonly #token: string;

  constructor({ url, token }: { url: string; token: string }) {
    this.#url = new URL(url);
    this.#token = token;
  }

  async post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<string> {
    const content = JSON.stringify(body);
    const sending = request({
      agent: this.#agent,
      host: this.#url.hostname,
      port: this.#url.port,
      method: 'POST',
      path,
      headers: {
        authorization: `Bearer ${this.#token}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(content),
        ...headers,
      },
    });
    sending.end(content);
    const [response] = await once(sending, 'response');
    const answer = await text(response);
    if (response.statusCode >= 300) throw new Error(`POST ${path} gave ${response.statusCode}: ${answer}`);
    return answer;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** The three loads, through the API. */
export async function apiRates(api: ApiCaller, seconds: number): Promise<Rates> {
  const one = { ...job, queue: 'bench' };
  const submits = await repeatFor(seconds, 8, async () => {
    await api.post('/jobs', one);
    return 1;
  });
  const bulk = Array.from({ length: 1000 }, () => ({ ...job, queue: 'bulk' }));
  const bulkSubmits = await repeatFor(seconds, 2, async () => {
    await api.post('/jobs', bulk);
    return bulk.length;
  });
  const workers = await Promise.all(['one', 'two'].map((name) => registerWorker(api, name)));
  const results = await repeatFor(seconds, workers.length, async () => {
    const work = workers.pop();
    if (!work) throw new Error('every turn has a worker');
    const count = await work();
    workers.push(work);
    return count;
  });
  return { submits, bulkSubmits, results };
}

async function registerWorker(api: ApiCaller, name: string): Promise<() => Promise<number>> {
  const registered = await api.post('/nodes/register', { name, queues: ['bulk'], slots: claimed });
  const { session } = JSON.parse(registered) as { session: string };
  let beatenMs = performance.now();
  return async () => {
    // A node that sends no heartbeats is given nothing.
    if (performance.now() - beatenMs > heartbeatMs) {
      beatenMs = performance.now();
      await api.post(`/nodes/${name}/heartbeat`, { session, attempts: [] });
    }
    const answer = await api.post(`/nodes/${name}/claim`, { session, slots: claimed, waitSeconds: 0 });
    const { attempts } = JSON.parse(answer) as { attempts: { jobId: string; attempt: number }[] };
    const result = { session, outcome: 'succeeded', exitCode: 0 };
    await Promise.all(
      attempts.map(({ jobId, attempt }) =>
        api.post(`/jobs/${jobId}/attempts/${attempt}/result`, result, { 'weighbridge-node': name }),
      ),
    );
    return attempts.length;
  };
}
