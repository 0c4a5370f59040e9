import * as promClient from 'prom-client';

/** One ended exchange, as headers tell it. */
export interface Told {
  method: string;
  endpoint: string;
  status: number;
  requestBytes: number;
  responseBytes: number;
}

/**
 * What an engineer writes today: two counters and two histograms with labels, updated when a response ends.
 *
 * @param client `prom-client`, or its successor with the same classes.
 */
export function promClientByHand(
  registry: promClient.Registry = new promClient.Registry(),
  client: Pick<typeof promClient, 'Counter' | 'Histogram'> = promClient,
): (told: Told) => void {
  const { Counter, Histogram } = client;
  const registers = [registry];
  const request = { help: 'in', labelNames: ['method', 'endpoint'], registers };
  const response = { help: 'out', labelNames: ['method', 'endpoint', 'status'], registers };
  const buckets = [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
  const bytesIn = new Counter({ ...request, name: 'http_request_bytes_total' });
  const bytesOut = new Counter({ ...response, name: 'http_response_bytes_total' });
  const sizeIn = new Histogram({ ...request, name: 'http_request_size_bytes', buckets });
  const sizeOut = new Histogram({ ...response, name: 'http_response_size_bytes', buckets });
  return ({ method, endpoint, status, requestBytes, responseBytes }) => {
    bytesIn.inc({ method, endpoint }, requestBytes);
    bytesOut.inc({ method, endpoint, status }, responseBytes);
    sizeIn.observe({ method, endpoint }, requestBytes);
    sizeOut.observe({ method, endpoint, status }, responseBytes);
  };
}
