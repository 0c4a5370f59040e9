import type { RequestListener } from 'node:http';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';

const tooLarge: RequestListener = (_request, response) => response.writeHead(413).end('too large');
const next = 'GET /next HTTP/1.1\r\nHost: x\r\n\r\n';

function answerOnly(post: RequestListener): RequestListener {
  return (request, response) => (request.method === 'POST' ? post(request, response) : void response.end('next'));
}

/** POST /a answered before its body has come; the body follows, then another request. */
async function answeredFirst(stage: Stage, head: string, body: string, apart: boolean): Promise<void> {
  const server = await stage.serve(answerOnly(tooLarge));
  const client = await stage.connect(server);
  const sentHead = await client.send(head);
  const { bytes } = await client.response();
  stage.expect({ method: 'POST', endpoint: '/a', status: '413', in: sentHead + body.length, out: bytes });
  if (apart) {
    await client.send(body);
    await client.send(next);
  } else {
    await client.send(body + next);
  }
  const answer = await client.response();
  stage.expect({ method: 'GET', endpoint: '/next', status: '200', in: next.length, out: answer.bytes });
  await client.end();
}

/** The body is there, but no handler reads it. */
async function neverRead(stage: Stage, bodyBytes: number): Promise<void> {
  const server = await stage.serve(answerOnly((_request, response) => response.end('not read')));
  const client = await stage.connect(server);
  for (let round = 0; round < 2; round++) {
    const post = `POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: ${bodyBytes}\r\n\r\n${'b'.repeat(bodyBytes)}`;
    const sending = client.send(post);
    const { bytes } = await client.response();
    await sending;
    stage.expect({ method: 'POST', endpoint: '/a', status: '200', in: post.length, out: bytes });
    const { sent, received } = await askAfter(client);
    stage.expect({ method: 'GET', endpoint: '/next', status: '200', in: sent, out: received });
  }
  await client.end();
}

async function askAfter(client: Awaited<ReturnType<Stage['connect']>>) {
  const sent = await client.send(next);
  return { sent, received: (await client.response()).bytes };
}

/** Read late: the response waits, the body stands in buffers meanwhile. */
async function readLate(stage: Stage): Promise<void> {
  let answer = () => {};
  const server = await stage.serve((request, response) => {
    answer = () => void request.resume().on('end', () => response.end('late'));
  });
  const client = await stage.connect(server);
  const post = `POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n${'b'.repeat(3_000_000)}`;
  const sending = client.send(post);
  await stage.until('the body stands still', ({ endpoints }) => (endpoints[0]?.requestBytes ?? 0) > 60_000);
  answer();
  const { bytes } = await client.response();
  await sending;
  stage.expect({ method: 'POST', endpoint: '/a', status: '200', in: post.length, out: bytes });
  await client.end();
}

/** The connection is closed after an early answer: what came after nobody read. */
async function answeredAndClosed(stage: Stage): Promise<void> {
  const server = await stage.serve((_request, response) =>
    response.writeHead(413, { connection: 'close' }).end('too large'),
  );
  const client = await stage.connect(server);
  const sent = await client.send('POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n');
  const { bytes } = await client.response();
  await client.end();
  stage.expect({ method: 'POST', endpoint: '/a', status: '413', in: sent, out: bytes, aborted: true });
}

/** The client gives up in the middle of a body that was answered already. */
async function abortedAfterAnswer(stage: Stage): Promise<void> {
  const server = await stage.serve(tooLarge);
  const client = await stage.connect(server);
  const sent = await client.send('POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n');
  const { bytes } = await client.response();
  const more = await client.send('b'.repeat(400));
  await client.end();
  // Node answers the broken body with a 400 of its own.
  const broken = await client.response();
  stage.expect({
    ...{ method: 'POST', endpoint: '/a', status: '413', aborted: true },
    ...{ in: sent + more, out: bytes + broken.bytes },
  });
}

const post = 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n';
const chunked = 'POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
const chunkedBody = '5;ext=1\r\nhello\r\n0\r\nX-T: 1\r\n\r\n';

export const earlyAnswerScenarios: Scenario[] = [
  { name: '413 before the body', run: (stage) => answeredFirst(stage, post, 'b'.repeat(1000), true) },
  {
    name: '413 before the body, which comes with the next request',
    run: (stage) => answeredFirst(stage, post, 'b'.repeat(1000), false),
  },
  { name: '413 before a chunked body', run: (stage) => answeredFirst(stage, chunked, chunkedBody, true) },
  {
    name: '413 before a chunked body, which comes with the next request',
    run: (stage) => answeredFirst(stage, chunked, chunkedBody, false),
  },
  { name: 'a small body that is never read', run: (stage) => neverRead(stage, 100) },
  { name: 'a large body that is never read', run: (stage) => neverRead(stage, 2_000_000) },
  { name: 'a body that is read late', run: readLate },
  { name: '413 and the connection closed', run: answeredAndClosed },
  { name: '413, and the client gives up in the body', run: abortedAfterAnswer },
];
