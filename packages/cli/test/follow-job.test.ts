import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { followJob, waitForJob } from '../src/follow-job.ts';
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
