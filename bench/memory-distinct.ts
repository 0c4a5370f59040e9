import { type MemoryServer, withMemoryServer } from './memory-with-server.ts';
import { head, RequestStream } from './request-stream.ts';

// HEAD is left out: answers are counted by their bodies.
const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'MKCOL', 'REPORT', 'SEARCH', 'PURGE'];

export interface DistinctFigures {
  requests: number;
  warmUp: number;
  /** Highest less lowest live bytes after the warm-up. */
  spreadBytes: number;
  /** Last less first. */
  growthBytes: number;
  scrapeMs: { before: number; after: number };
  balanced: boolean;
}

/** Live memory while every request has a URL, a method and a host of its own. */
export async function distinctRequests(
  kind: 'routed' | 'raw',
  quick: boolean,
  progress: (message: string) => void,
): Promise<DistinctFigures> {
  const [step, steps, warmUp] = quick ? [10_000, 3, 30_000] : [100_000, 10, 200_000];
  return withMemoryServer(kind, 500, async (server) => {
    const stream = await RequestStream.open(server.started.port, 16);
    let next = 0;
    const send = (count: number) => stream.send(count, () => distinct(next++));
    await send(warmUp);
    const before = await shortestScrape(server);
    const live = [await server.ask('live')];
    for (let done = 1; done <= steps; done++) {
      await send(step);
      await shortestScrape(server);
      live.push(await server.ask('live'));
      progress(
        `${done * step} distinct requests, live ${(((live.at(-1) as number) - (live[0] as number)) / 1e6).toFixed(2)} MB more`,
      );
    }
    stream.close();
    return {
      requests: step * steps,
      warmUp,
      spreadBytes: Math.max(...live) - Math.min(...live),
      growthBytes: (live.at(-1) as number) - (live[0] as number),
      scrapeMs: { before, after: await shortestScrape(server) },
      balanced: await server.ask<boolean>('balanced'),
    };
  });
}

function distinct(index: number): string {
  return head(methods[index % methods.length] as string, `/scan/${index}.php?probe=${index}`, {
    Host: `host-${index}.example`,
  });
}

async function shortestScrape(server: MemoryServer): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let time = 0; time < 10; time++) best = Math.min(best, (await server.ask<{ ms: number }>('scrape')).ms);
  return best;
}
