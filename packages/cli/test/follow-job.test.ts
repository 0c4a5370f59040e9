import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { followJob, waitForJob } from '../src/jobs/follow-job.ts';
import { clientOf } from './support/server.ts';

const chunk = (sequence: number) => ({
  sequence,
  attempt: 1,
  stream: 'stdout',
  offset: sequence - 1,
  sizeBytes: 1,
  text: `${sequence}`,
});

function stream(response: ServerResponse, ...events: [type: string, data: unknown][]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(events.map(([type, data]) => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`).join(''));
}

test('a connection that breaks off is made again, where it has ended, until the job has', async () => {
  const asked: (string | null)[] = [];
  const client = await clientOf((request, response) => {
    const url = new URL(request.url ?? '', 'http://master');
    if (!url.pathname.endsWith('/logs')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"x","state":"failed"}');
      return;
    }
    asked.push(url.searchParams.get('after'));
    if (asked.length === 1) stream(response, ['chunk', chunk(1)]);
    else if (asked.length === 2) response.writeHead(503).end();
    else if (asked.length === 3) response.socket?.destroy();
    else stream(response, ['chunk', chunk(2)], ['end', { state: 'failed' }]);
  });
  const seen: string[] = [];
  const job = await waitForJob(client, 'x', ({ text }) => seen.push(text));
  expect(job.state).toBe('failed');
  expect(seen).toEqual(['1', '2']);
  expect(asked).toEqual([null, '1', '1', '1']);
});

test('fails at once where waiting would not help', async () => {
  const client = await clientOf((_, response) => response.writeHead(401).end());
  await expect(followJob(client, 'x', () => undefined)).rejects.toMatchObject({ code: 'unauthorized' });
});

test('a quiet job is followed over any number of connections that lasted, and not over those that did not', async () => {
  const pace = { tries: 2, pauseMs: 1, steadyMs: 30 };
  let connections = 0;
  const follow = async (lastsMs: number) => {
    connections = 0;
    const client = await clientOf((_, response) => {
      connections++;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      if (connections > 6) response.end('event: end\ndata: {"state":"succeeded"}\n\n');
      else setTimeout(() => response.end(), lastsMs);
    });
    return followJob(client, 'x', () => undefined, {}, pace);
  };
  expect(await follow(60)).toBe('succeeded');
  expect(connections).toBe(7);
  await expect(follow(0)).rejects.toMatchObject({ code: 'failed', message: expect.stringContaining('incomplete') });
  expect(connections).toBe(3);
});
