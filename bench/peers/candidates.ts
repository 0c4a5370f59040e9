import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { monitorBandwidth } from '@weighbridge/monitor';
import type * as PromClient from 'prom-client';
import { promClientByHand } from '../prom-client-by-hand.ts';
import { requirePeer, requireSwaggerStats } from './install.ts';

type Next = () => void;
type RoutedRequest = IncomingMessage & { route?: { path: string } };
type Handler = (request: RoutedRequest, response: ServerResponse, next: Next) => void;

/** The part of Express that is used here. */
export interface ExpressApp extends RequestListener {
  use(handler: Handler): void;
  all(path: string, ...handlers: Handler[]): void;
}

/** The part of Fastify that is used here. */
export interface FastifyApp {
  server: Server;
  metrics: { client: { register: { metrics(): Promise<string> } } };
  register(plugin: unknown, options: object): Promise<unknown>;
  addContentTypeParser(
    type: string,
    parser: (request: unknown, payload: unknown, done: (error: null) => void) => void,
  ): void;
  all(
    path: string,
    handler: (request: { raw: IncomingMessage }, reply: { raw: ServerResponse; hijack(): void }) => void,
  ): void;
  ready(): Promise<unknown>;
}

/** What measures, as its own documentation says to install it. */
export interface Candidate {
  /** Bytes received and sent since the start, as its metrics tell; `null` where it has none. */
  readonly families: { in: string; out: string } | null;
  /** Before the framework is loaded. */
  install?(): void;
  onExpress?(app: ExpressApp): void;
  onFastify?(app: FastifyApp): Promise<void>;
  /** All of its metrics as text. */
  metrics(): Promise<string>;
}

/** By name, made when asked for: they don't stand beside each other in one process. */
export const candidates: Readonly<Record<string, () => Candidate>> = {
  monitor: weighbridge,
  'prom-client by hand': byHand,
  'express-prom-bundle': expressPromBundle,
  'prometheus-api-metrics': prometheusApiMetrics,
  'fastify-metrics': fastifyMetrics,
  'swagger-stats': swaggerStats,
  'OpenTelemetry http': openTelemetry,
};

function weighbridge(): Candidate {
  const monitor = monitorBandwidth();
  return {
    families: { in: 'weighbridge_http_request_bytes_total', out: 'weighbridge_http_response_bytes_total' },
    metrics: () => monitor.text(),
  };
}

function byHand(): Candidate {
  const { Registry } = requirePeer('prom-client') as typeof PromClient;
  const registry = new Registry();
  const observe = promClientByHand(registry);
  return {
    families: { in: 'http_request_bytes_total', out: 'http_response_bytes_total' },
    onExpress: (app) =>
      app.use((request, response, next) => {
        response.on('finish', () =>
          observe({
            method: request.method as string,
            endpoint: request.route?.path ?? 'none',
            status: response.statusCode,
            requestBytes: Number(request.headers['content-length'] ?? 0),
            responseBytes: Number(response.getHeader('content-length') ?? 0),
          }),
        );
        next();
      }),
    metrics: () => registry.metrics(),
  };
}

function expressPromBundle(): Candidate {
  const bundle = requirePeer('express-prom-bundle') as (options: object) => Handler;
  const { register } = requirePeer('prom-client') as typeof PromClient;
  return {
    families: null,
    onExpress: (app) => app.use(bundle({ includeMethod: true, includePath: true })),
    metrics: () => register.metrics(),
  };
}

function prometheusApiMetrics(): Candidate {
  const apiMetrics = requirePeer('prometheus-api-metrics') as () => Handler;
  const { register } = requirePeer('prom-client') as typeof PromClient;
  return {
    families: { in: 'http_request_size_bytes_sum', out: 'http_response_size_bytes_sum' },
    onExpress: (app) => app.use(apiMetrics()),
    metrics: () => register.metrics(),
  };
}

function fastifyMetrics(): Candidate {
  let app: FastifyApp;
  return {
    families: null,
    async onFastify(fastify) {
      app = fastify;
      const plugin = requirePeer('fastify-metrics') as { default: unknown };
      await app.register(plugin.default, { endpoint: '/metrics' });
    },
    metrics: () => app.metrics.client.register.metrics(),
  };
}

function swaggerStats(): Candidate {
  const stats = requireSwaggerStats('swagger-stats') as {
    getMiddleware(options: object): Handler;
    getPromClient(): typeof PromClient;
  };
  return {
    families: { in: 'api_request_size_bytes_sum', out: 'api_response_size_bytes_sum' },
    onExpress: (app) => app.use(stats.getMiddleware({})),
    metrics: () => stats.getPromClient().register.metrics(),
  };
}

function openTelemetry(): Candidate {
  const { HttpInstrumentation } = requirePeer('@opentelemetry/instrumentation-http');
  const { MeterProvider } = requirePeer('@opentelemetry/sdk-metrics');
  const { PrometheusExporter, PrometheusSerializer } = requirePeer('@opentelemetry/exporter-prometheus');
  const reader = new PrometheusExporter({ preventServerStart: true });
  const instrumentation = new HttpInstrumentation();
  return {
    families: null,
    install() {
      instrumentation.setMeterProvider(new MeterProvider({ readers: [reader] }));
      instrumentation.enable();
      // Its hook patches the server's class when CommonJS loads it anew.
      requirePeer('http');
      requirePeer('https');
    },
    metrics: async () => new PrometheusSerializer().serialize((await reader.collect()).resourceMetrics),
  };
}
