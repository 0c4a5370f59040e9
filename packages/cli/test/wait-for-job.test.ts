import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { waitForJob } from '../src/wait-for-job.ts';
import { clientOf } from './support/server.ts';

const chunk = { attempt: 1, stream: 'stdout', offset: 0, text: 'hello' };

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

test('goes on when the stream ends before the job does', async () => {
  let follows = 0;
  const client = await clientOf((request, response) => {
    if (!request.url?.includes('/logs')) return json(response, { id: 'x', state: follows > 1 ? 'failed' : 'running' });
    follows += 1;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`event: chunk\ndata: ${JSON.stringify(chunk)}\n\n`);
  });
  const seen: string[] = [];
  const job = await waitForJob(client, 'x', ({ text }) => seen.push(text));
  expect(job.state).toBe('failed');
  expect(seen).toEqual(['hello', 'hello']);
});

test('fails at once where waiting would not help', async () => {
  const client = await clientOf((_, response) => response.writeHead(401).end());
  await expect(waitForJob(client, 'x', () => undefined)).rejects.toMatchObject({ code: 'unauthorized' });
});
