import type { RequestListener } from 'node:http';
import type { Amount, Scenario } from '../scenario.ts';
import type { Stage, StageServer } from '../stage.ts';

interface Piped {
  readonly method: string;
  readonly path: string;
  readonly text: string;
}

const get = (path: string, headers = 'Host: x\r\n'): Piped => ({
  method: 'GET',
  path,
  text: `GET ${path} HTTP/1.1\r\n${headers}\r\n`,
});
const post = (path: string, body: string): Piped => ({
  method: 'POST',
  path,
  text: `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
});
const chunked = (path: string): Piped => ({
  method: 'POST',
  path,
  text: `POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
});

const five = [get('/0'), post('/1', 'hello'), get('/2', 'Host: x\r\nAccept: */*\r\n'), post('/3', ''), get('/4')];

/** Answers `/late…` only when told, everything else at once. */
class Answers {
  readonly #late: (() => void)[] = [];
  readonly handler: RequestListener = (request, response) => {
    request.resume();
    const answer = () => response.end(`answer to ${request.url}`);
    if (request.url?.startsWith('/late')) this.#late.push(answer);
    else answer();
  };

  get waiting(): number {
    return this.#late.length;
  }

  release(): void {
    for (const answer of this.#late.splice(0).reverse()) answer();
  }
}

/** Sends `pieces` one by one; each begins once the one before was read. */
async function play(stage: Stage, requests: readonly Piped[], pieces: readonly string[], input: 'exact' | 'sum') {
  const answers = new Answers();
  const server = await stage.serve(answers.handler);
  const late = requests.filter(({ path }) => path.startsWith('/late')).length;
  await exchange(stage, server, requests, pieces, input, async () => {
    await stage.until('late requests wait', () => answers.waiting === late);
    answers.release();
  });
}

async function exchange(
  stage: Stage,
  server: StageServer,
  requests: readonly Piped[],
  pieces: readonly string[],
  input: 'exact' | 'sum',
  meanwhile: () => Promise<void>,
): Promise<void> {
  const client = await stage.connect(server);
  const before = stage.monitor.snapshot().connection.in;
  let sent = 0;
  for (const piece of pieces) {
    sent += await client.send(piece);
    const all = before + sent;
    if (pieces.length > 1) await stage.until('the piece was read', ({ connection }) => connection.in >= all);
  }
  await meanwhile();
  const whole: Amount = [0, sent];
  for (const { method, path, text } of requests) {
    const { bytes } = await client.response();
    const bytesIn = input === 'exact' ? text.length : whole;
    stage.expect({ method, endpoint: path, status: '200', in: bytesIn, out: bytes });
  }
  await client.end();
}

const textOf = (requests: readonly Piped[]) => requests.map(({ text }) => text).join('');
const withLate = [get('/0'), post('/late1', 'hello'), get('/2'), get('/late3'), post('/4', 'x'.repeat(300))];

/** Three requests in two reads, cut at every byte. */
async function everyCut(stage: Stage): Promise<void> {
  const server = await stage.serve(new Answers().handler);
  const requests = [get('/0'), post('/1', 'hello'), get('/2')];
  const text = textOf(requests);
  for (let cut = 1; cut < text.length; cut++) {
    await exchange(stage, server, requests, [text.slice(0, cut), text.slice(cut)], 'exact', async () => {});
  }
}

async function byteByByte(stage: Stage): Promise<void> {
  const requests = [get('/0'), post('/1', 'hello'), get('/2', 'Host:x\r\n')];
  await play(stage, requests, [...textOf(requests)], 'exact');
}

/** The response to the first is on its way when the rest arrives. */
async function whileAnswering(stage: Stage): Promise<void> {
  let end = () => {};
  const server = await stage.serve((request, response) => {
    if (request.url === '/0') {
      response.write('first half');
      end = () => response.end('second half');
    } else {
      response.end('answer');
    }
  });
  const client = await stage.connect(server);
  await client.send(get('/0').text);
  await client.seen('first half');
  await client.send(get('/1').text + get('/2').text);
  await stage.until('three are open', ({ open }) => open.exchanges === 3);
  end();
  for (const path of ['/0', '/1', '/2']) {
    const { bytes } = await client.response();
    stage.expect({ method: 'GET', endpoint: path, status: '200', in: get(path).text.length, out: bytes });
  }
  await client.end();
}

/** The client leaves while its second and third requests wait behind a first that is never answered. */
async function leftWaiting(stage: Stage): Promise<void> {
  const server = await stage.serve(() => {});
  const client = await stage.connect(server);
  await client.send(textOf([get('/0'), post('/1', 'hello'), get('/2')]));
  await stage.until('three are open', ({ open }) => open.exchanges === 3);
  await client.end();
  for (const { method, path, text } of [get('/0'), post('/1', 'hello'), get('/2')]) {
    stage.expect({ method, endpoint: path, status: 'none', in: text.length, out: 0, aborted: true });
  }
}

/** The application changes what it was given before it answers. */
async function rewritten(stage: Stage): Promise<void> {
  const server = await stage.serve((request, response) => {
    request.resume();
    request.url = `/rewritten/${'far/'.repeat(20)}`;
    request.method = 'PROPFIND';
    for (const name of Object.keys(request.headers)) delete request.headers[name];
    // Answered once all have come, so that each boundary is found by lengths.
    setImmediate(() => response.end('answer'));
  });
  await exchange(stage, server, five, [textOf(five)], 'exact', async () => {});
}

export const pipeliningScenarios: Scenario[] = [
  { name: 'pipelined requests that the application rewrites', run: rewritten },
  { name: 'five requests in one write', run: (stage) => play(stage, five, [textOf(five)], 'exact') },
  { name: 'pipelined requests answered late', run: (stage) => play(stage, withLate, [textOf(withLate)], 'exact') },
  {
    name: 'a body and the next request in one write',
    run: (stage) => play(stage, five.slice(1, 3), [textOf(five.slice(1, 3))], 'exact'),
  },
  { name: 'three requests in two reads, cut at every byte', run: everyCut },
  { name: 'three requests byte by byte', run: byteByByte },
  { name: 'requests that arrive while the first is answered', run: whileAnswering },
  { name: 'pipelined requests whose client leaves', run: leftWaiting },
  {
    name: 'pipelined requests with odd spacing: the sum',
    run: (stage) => {
      const odd = [get('/0', 'Host:x\r\nA:     b\r\n'), get('/1', 'Host:  x\r\n'), post('/2', 'hello')];
      return play(stage, odd, [textOf(odd)], 'sum');
    },
  },
  {
    name: 'pipelined chunked requests: the sum',
    run: (stage) => {
      const odd = [chunked('/0'), chunked('/late1'), get('/2')];
      return play(stage, odd, [textOf(odd)], 'sum');
    },
  },
];
