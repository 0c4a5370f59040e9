import { withMemoryServer } from './memory-with-server.ts';
import { head, RequestStream } from './request-stream.ts';

const statuses = [200, 201, 202, 400, 401, 403, 500, 503];

/** Live bytes a label set, counter and histogram and what scrapes keep of it, after each 500 label sets. */
export async function bytesPerLabelSet(quick: boolean): Promise<{ labelSets: number; bytes: number }[]> {
  const steps = quick ? 2 : 9;
  return withMemoryServer('routed', 500, async (server) => {
    const stream = await RequestStream.open(server.started.port);
    const ask = (endpoint: number, status: number | undefined) =>
      head('GET', '/', { 'x-endpoint': `/api/v1/things/:id/part-${endpoint}`, 'x-status': status ?? 200 });
    // What Node needs to serve at all is there before the count begins.
    await stream.send(20_000, () => ask(0, 200));
    for (let warm = 0; warm < 5; warm++) await server.ask('scrape');
    const before = { live: await server.ask('live'), labelSets: await server.ask('labelSets') };
    const points: { labelSets: number; bytes: number }[] = [];
    const endpoints = Math.floor(500 / (statuses.length + 1));
    for (let step = 0; step < steps; step++) {
      await stream.send(endpoints * statuses.length, (index) =>
        ask(1 + step * endpoints + Math.floor(index / statuses.length), statuses[index % statuses.length]),
      );
      for (let time = 0; time < 3; time++) await server.ask('scrape');
      const labelSets = (await server.ask('labelSets')) - before.labelSets;
      points.push({ labelSets, bytes: ((await server.ask('live')) - before.live) / labelSets });
    }
    stream.close();
    return points;
  });
}
