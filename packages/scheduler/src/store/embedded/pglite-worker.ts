import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import type { EngineError, EngineReply, EngineRequest } from './engine-messages.ts';

// A thread of its own: under load PGlite would stop the master's event loop for seconds.
if (!parentPort) throw new Error('pglite-worker runs as a worker thread only');
const port = parentPort;
const { directory } = workerData as { directory: string };

const send = (reply: EngineReply) => port.postMessage(reply);

/** What pg-boss reads of a database error; the rest would not survive the way between threads. */
function plainError(error: unknown): EngineError {
  const { message, code, constraint, detail, table } = error as Partial<EngineError>;
  return { message: message ?? String(error), code, constraint, detail, table };
}

async function answer(engine: PGlite, request: EngineRequest): Promise<unknown> {
  switch (request.kind) {
    case 'query':
      return (await engine.query(request.text, request.values)).rows;
    case 'exec':
      return (await engine.exec(request.text)).flatMap((result) => result.rows);
    case 'listen':
      await engine.listen(request.channel, (payload) =>
        send({ kind: 'notification', channel: request.channel, payload }),
      );
      return undefined;
    case 'close':
      return engine.close();
  }
}

const engine = await PGlite.create(directory);
port.on('message', async (request: EngineRequest) => {
  try {
    send({ kind: 'result', id: request.id, value: await answer(engine, request) });
  } catch (error) {
    send({ kind: 'failure', id: request.id, error: plainError(error) });
  }
});
send({ kind: 'opened' });
