import { ServerProcess } from './server-process.ts';

export type MemoryServer = ServerProcess<{ port: number }>;

/** Runs `use` beside a `memory-server.ts` of this kind and ends it. */
export async function withMemoryServer<Result>(
  kind: 'none' | 'routed' | 'raw',
  maxEndpoints: number,
  use: (server: MemoryServer) => Promise<Result>,
): Promise<Result> {
  const file = new URL('memory-server.ts', import.meta.url);
  const server: MemoryServer = await ServerProcess.start(file, [kind, String(maxEndpoints)]);
  try {
    return await use(server);
  } finally {
    server.end();
  }
}
