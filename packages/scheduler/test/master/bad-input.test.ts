import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { limits, type Problem } from '@weighbridge/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Running, sample, sha256, startMaster } from './harness.ts';

let running: Running;
beforeAll(async () => {
  running = await startMaster({ allow: ['gzip', 'echo'] });
});
afterAll(() => running[Symbol.asyncDispose]());

const stored = sha256('stored');
const missing = sha256('missing');
const nowhere = '00000000-0000-4000-8000-000000000000';

async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const problem = (await response.json()) as Problem;
  expect(problem).toMatchObject({ status: response.status, type: `urn:weighbridge:problem:${problem.code}` });
  expect(problem.detail).not.toMatch(/\n| at .*:\d+/);
  return problem;
}

async function expectProblem(response: Response, status: number, code: string, detail: string | RegExp): Promise<void> {
  const problem = await problemOf(response);
  expect([problem.status, problem.code]).toEqual([status, code]);
  expect(problem.detail).toMatch(detail);
}

const job = { command: 'echo' };
const input = (name: string, digest = missing) => ({ ...job, files: { inputs: [{ name, sha256: digest }] } });

describe('a job that breaks a rule is refused in a sentence that names field and value, and nothing is stored', () => {
  test.each<[string, unknown, string]>([
    ['an unknown field', { ...job, colour: 'red' }, 'body.colour is not a known field'],
    ['an unknown field of its files', { ...job, files: { input: [] } }, 'body.files.input is not a known field'],
    ['no command', {}, 'body.command is missing'],
    ['an empty command', { command: '' }, 'body.command must be at least 1 characters long, got ""'],
    ['a number as text', { ...job, slots: '2' }, 'body.slots must be of type integer, got "2"'],
    ['text as a number', { command: 1 }, 'body.command must be of type string, got 1'],
    ['a fraction', { ...job, priority: 0.5 }, 'body.priority must be of type integer, got 0.5'],
    ['too long a timeout', { ...job, timeoutSeconds: 86_401 }, 'body.timeoutSeconds must be at most 86400, got 86401'],
    ['no timeout', { ...job, timeoutSeconds: 0 }, 'body.timeoutSeconds must be at least 1, got 0'],
    [
      'a queue with a space',
      { ...job, queue: 'a b' },
      "body.queue must be 1 to 63 of letters, digits, '.', '_' and '-'",
    ],
    ['a bad moment', { ...job, startAfter: 'tomorrow' }, 'body.startAfter must be a moment, ISO 8601, got "tomorrow"'],
    ['a bad variable', { ...job, env: { 'A=B': 'x' } }, 'body.env."A=B" is not a known field'],
    [
      'a file name with ..',
      input('..'),
      `body.files.inputs[0].name must be a plain file name: no '/', no '\\', no control character, not '.' or '..', got ".."`,
    ],
    ['a file name with a slash', input('a/b'), 'got "a/b"'],
    ['a file name with a backslash', input('a\\b'), 'got "a\\\\b"'],
    ['an output glob that climbs', { ...job, files: { outputs: ['../*'] } }, 'body.files.outputs[0] must be a glob'],
    [
      'a digest that is none',
      input('a', 'abc'),
      'body.files.inputs[0].sha256 must be SHA-256, 64 lower-case hex digits, got "abc"',
    ],
    ['no job at all', [], 'body must be at least 1 items long, got []'],
    ['a wrong one among many', [job, { ...job, slots: 0 }], 'body[1].slots must be at least 1, got 0'],
    ['null', null, 'body must be of type object, got null'],
    [
      'one file twice',
      {
        ...job,
        files: {
          inputs: [
            { name: 'a', sha256: stored },
            { name: 'a', sha256: stored },
          ],
        },
      },
      'got "a" twice',
    ],
  ])('%s', async (_name, body, detail) => {
    await running.client.putBlob(stored, 6, new Blob(['stored']).stream());
    const problem = await problemOf(await running.post('/jobs', body));
    expect(problem).toMatchObject({ status: 400, code: 'invalid-request' });
    expect(problem.detail).toContain(detail);
    expect((await running.client.jobs()).jobs).toEqual([]);
  });

  test('a blob that is not stored', async () => {
    await expectProblem(await running.post('/jobs', input('a.txt')), 422, 'blob-missing', `${missing} for "a.txt"`);
    expect((await running.client.jobs()).jobs).toEqual([]);
  });

  test('one missing blob among many jobs: none is stored', async () => {
    await expectProblem(
      await running.post('/jobs', [job, input('a')]),
      422,
      'blob-missing',
      /body\[1\]\.files\.inputs\[0\]/,
    );
    expect((await running.client.jobs()).jobs).toEqual([]);
  });

  test("a command that the master's own list lacks", async () => {
    await expectProblem(
      await running.post('/jobs', { command: 'rm' }),
      422,
      'command-not-allowed',
      'body.command "rm" is not allowed by this master: it allows gzip, echo; to allow it, start the master with --allow rm as well',
    );
    expect((await running.client.jobs()).jobs).toEqual([]);
  });
});

describe('a body that is no JSON document of the right kind', () => {
  const send = (body: string, type?: string) =>
    running.call('/jobs', {
      method: 'POST',
      body: Buffer.from(body),
      ...(type ? { headers: { 'content-type': type } } : {}),
    });

  test('malformed JSON', async () =>
    expectProblem(await send('{"command":', 'application/json'), 400, 'invalid-request', /^the body must be JSON/));
  test('nothing', async () => expectProblem(await send('', 'application/json'), 400, 'invalid-request', 'got nothing'));
  test('a prototype', async () =>
    expectProblem(await send('{"__proto__":{}}', 'application/json'), 400, 'invalid-request', /JSON|known field/));
  test('another type', async () =>
    expectProblem(await send('command=echo', 'text/plain'), 415, 'unsupported-media-type', '"text/plain"'));
  test('no type', async () => expectProblem(await send('{}'), 415, 'unsupported-media-type', 'send application/json'));
  test('too long a body', async () => {
    const body = JSON.stringify({ command: 'echo', args: ['x'.repeat(limits.jsonBodyBytes)] });
    await expectProblem(
      await send(body, 'application/json'),
      413,
      'too-large',
      `at most ${limits.jsonBodyBytes} bytes, got ${body.length}`,
    );
  });
});

describe('queries and paths', () => {
  test.each([
    ['/jobs?limit=0', 'query.limit must be a whole number from 1 to 1000, got 0'],
    ['/jobs?limit=ten', 'query.limit must be a whole number from 1 to 1000, got "ten"'],
    [
      '/jobs?state=lost',
      'query.state must be one of scheduled, blocked, queued, running, cancelling, succeeded, failed, timed_out, cancelled, got "lost"',
    ],
    ['/jobs?colour=red', 'query.colour is not a known field'],
    [
      `/jobs?cursor=${Buffer.from('["9999-99-99 99:99:99+00","11111111-1111-4111-8111-111111111111"]').toString('base64url')}`,
      'cursor must be one that a page of this listing gave',
    ],
    ['/jobs?cursor=forged', 'cursor must be one that a page of this listing gave'],
    ['/jobs/17', `"17" in the path must be a job's identifier (UUID)`],
    [`/jobs/${nowhere}/files/..%2Ftoken`, '"../token" in the path must be a plain file name'],
    ['/blobs/..%2Ftoken', 'in the path must be SHA-256'],
    ['/nodes/-x', '"-x" in the path must be 1 to 63 of letters'],
    ['/bandwidth/history?resolution=hour', 'query.resolution must be one of second, minute, got "hour"'],
    ['/bandwidth/history?endpoint=/jobs', 'method and endpoint belong together, got one of them'],
    ['/bandwidth/window?from=5&to=x', 'query.to must be milliseconds since 1970, got "x"'],
    ['/bandwidth/window?from=5&to=3', 'from must be before to, got 5 and 3'],
  ])('%s', async (path, detail) => {
    const problem = await problemOf(await running.call(path));
    expect(problem).toMatchObject({ status: 400, code: 'invalid-request' });
    expect(problem.detail).toContain(detail);
  });

  test.each([
    [`/jobs/${nowhere}`, `there is no job ${nowhere}`],
    [`/jobs/${nowhere}/logs`, `there is no job ${nowhere}`],
    [`/jobs/${nowhere}/files/a`, `there is no job ${nowhere}`],
    ['/nodes/nobody', 'there is no node nobody'],
    ['/queues/nobody', 'no job was submitted to the queue nobody, and no node serves it'],
    ['/bandwidth/endpoint?method=GET&endpoint=/nowhere', 'no exchange of GET /nowhere was counted'],
    ['/page/none.js', 'nothing here'],
    [`/blobs/${missing}`, `there is no blob ${missing}`],
    ['/nothing/here?token=x', 'there is nothing at "/nothing/here"'],
  ])('%s is not found', async (path, detail) => {
    await expectProblem(await running.call(path), 404, 'not-found', detail);
  });

  test('a path that does not exist counts under endpoint="_unmatched"', async () => {
    const series = 'scheduler_http_response_size_bytes_count{method="GET",endpoint="_unmatched",status="404"}';
    const before = sample(await running.scrape(), series) ?? 0;
    await (await running.call('/not/here')).text();
    await expect.poll(async () => sample(await running.scrape(), series)).toBe(before + 1);
  });

  test('a path that takes another method says which', async () => {
    const response = await running.call('/jobs', { method: 'DELETE' });
    expect(response.headers.get('allow')).toBe('GET, HEAD, POST');
    await expectProblem(response, 405, 'method-not-allowed', '"/jobs" takes GET, HEAD, POST, got DELETE');
  });

  test('a path that is no path', async () => {
    await expectProblem(await running.call('/jobs/%zz'), 400, 'invalid-request', /path must be a valid URL path/);
  });

  test('what is not HTTP is answered with problem details too', async () => {
    const { hostname, port } = new URL(running.apiUrl);
    const socket = connect(Number(port), hostname);
    socket.end('HELO master\r\n\r\n');
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('content-type: application/problem+json');
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '').detail).toMatch(/must be valid HTTP\/1\.1/);
  });
});

describe('a token', () => {
  const ask = (path: string, authorization?: string) =>
    fetch(running.apiUrl + path, authorization ? { headers: { authorization } } : {});

  test('is needed', async () => {
    const response = await ask('/jobs');
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    await expectProblem(response, 401, 'unauthorized', 'must be "Bearer TOKEN"');
  });
  test('must be the right one', async () =>
    expectProblem(await ask('/jobs', 'Bearer wrong'), 401, 'unauthorized', /not this master's/));
  test('must be a bearer token', async () =>
    expectProblem(await ask('/jobs', `Basic ${running.token}`), 401, 'unauthorized', 'Bearer'));
  test.each(['/health', '/ready', '/openapi.json', '/', '/page.css'])('is not needed for %s', async (path) => {
    expect((await ask(path)).status).toBe(200);
  });
  test('is asked for before a body is read: nothing is stored', async () => {
    const response = await fetch(`${running.apiUrl}/blobs/${missing}`, { method: 'PUT', body: 'missing' });
    await expectProblem(response, 401, 'unauthorized', 'Bearer');
    expect(await running.client.blobSize(missing)).toBeUndefined();
  });
});

describe('workers', () => {
  const session = nowhere;
  test('an unknown node can neither beat nor claim', async () => {
    await expectProblem(
      await running.post('/nodes/nobody/heartbeat', { session, attempts: [] }),
      404,
      'not-found',
      'no node nobody',
    );
    await expectProblem(
      await running.post('/nodes/nobody/claim', { session, slots: 1, waitSeconds: 0 }),
      404,
      'not-found',
      'no node nobody',
    );
  });

  test('a node whose name was taken is told so', async () => {
    const registration = { name: 'twice', queues: ['elsewhere'], slots: 1 };
    const first = await running.client.register(registration);
    await expectProblem(await running.post('/nodes/register', registration), 409, 'name-taken', '--take-over');
    await running.client.register({ ...registration, takeOver: true });
    const body = { session: first.session, attempts: [] };
    await expectProblem(await running.post('/nodes/twice/heartbeat', body), 409, 'stale-session', 'twice');
    await expectProblem(
      await running.post('/nodes/twice/claim', { session: first.session, slots: 1 }),
      409,
      'stale-session',
      'twice',
    );
  });

  test('a node is deleted only when its worker is gone', async () => {
    const { session } = await running.client.register({ name: 'leaving', queues: ['elsewhere'], slots: 1 });
    const remove = () => running.call('/nodes/leaving', { method: 'DELETE' });
    await expectProblem(await remove(), 409, 'node-in-use', 'node leaving is ready');
    await running.client.goodbye('leaving', { session });
    expect((await remove()).status).toBe(204);
    await expectProblem(await remove(), 404, 'not-found', 'there is no node leaving');
  });

  test('a number that no attempt and no exit code can have is refused', async () => {
    const session = '11111111-1111-4111-8111-111111111111';
    const attempts = [{ jobId: nowhere, attempt: 1e25 }];
    const beat = await running.post('/nodes/nobody/heartbeat', { session, attempts });
    await expectProblem(beat, 400, 'invalid-request', 'body.attempts[0].attempt must be at most 2147483647, got 1e+25');
    const result = await running.post(
      `/jobs/${nowhere}/attempts/1/result`,
      { session, outcome: 'failed', exitCode: 1e25 },
      { 'weighbridge-node': 'nobody' },
    );
    await expectProblem(result, 400, 'invalid-request', 'body.exitCode must be at most 9007199254740991, got 1e+25');
  });

  test('a stale attempt can neither log nor end', async () => {
    const path = `/jobs/${nowhere}/attempts/1`;
    const log = await running.call(`${path}/logs?stream=stdout&offset=0`, {
      method: 'POST',
      body: 'late',
      headers: { 'content-type': 'application/octet-stream' },
    });
    await expectProblem(log, 409, 'stale-attempt', 'attempt 1');
    const result = await running.post(
      `${path}/result`,
      { session, outcome: 'succeeded' },
      { 'weighbridge-node': 'twice' },
    );
    await expectProblem(result, 409, 'stale-attempt', 'attempt 1');
  });

  test('a result must say which node it comes from, and name outputs that are stored', async () => {
    const path = `/jobs/${nowhere}/attempts/1/result`;
    await expectProblem(
      await running.post(path, { session, outcome: 'succeeded' }),
      400,
      'invalid-request',
      'weighbridge-node',
    );
    const outputs = [{ name: 'a', sha256: missing, sizeBytes: 1 }];
    const named = { 'weighbridge-node': 'twice' };
    await expectProblem(
      await running.post(path, { session, outcome: 'succeeded', outputs }, named),
      422,
      'blob-missing',
      missing,
    );
    await expectProblem(
      await running.post(path, { session, outcome: 'lost' }, named),
      400,
      'invalid-request',
      'body.outcome must be one of',
    );
  });

  test('a log chunk over the limit, of no stream, or of another type is refused', async () => {
    const send = (query: string, body: string, type = 'application/octet-stream') =>
      running.call(`/jobs/${nowhere}/attempts/1/logs?${query}`, {
        method: 'POST',
        body,
        headers: { 'content-type': type },
      });
    await expectProblem(
      await send('stream=stdout&offset=0', 'x'.repeat(limits.logChunkBytes + 1)),
      413,
      'too-large',
      `${limits.logChunkBytes}`,
    );
    await expectProblem(
      await send('stream=stderror&offset=0', 'x'),
      400,
      'invalid-request',
      'query.stream must be one of',
    );
    await expectProblem(
      await send('stream=stdout&offset=-1', 'x'),
      400,
      'invalid-request',
      'query.offset must be a whole number',
    );
    await expectProblem(
      await send('stream=stdout&offset=0', '{}', 'application/json'),
      415,
      'unsupported-media-type',
      'application/json',
    );
  });
});
