/** One metric family of the monitor: `name` comes after the option `prefix`. */
export interface MetricFamily {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
}

const family = (name: string, type: MetricFamily['type'], help: string, labels: readonly string[] = []): MetricFamily =>
  Object.freeze({ name, type, help, labels });

/**
 * Every family that the monitor exposes. The first four are a promise to existing dashboards. Dashboards and
 * doctor import this table, so that a renamed metric breaks their build and not a panel.
 */
export const metricFamilies = Object.freeze({
  requestBytes: family(
    'http_request_bytes_total',
    'counter',
    'Message bytes received, TLS records included; grows while a request is read.',
    ['method', 'endpoint'],
  ),
  responseBytes: family(
    'http_response_bytes_total',
    'counter',
    'Message bytes sent, TLS records included; grows while a response is written.',
    ['method', 'endpoint', 'status'],
  ),
  requestSize: family('http_request_size_bytes', 'histogram', 'Message bytes received per ended exchange.', [
    'method',
    'endpoint',
  ]),
  responseSize: family('http_response_size_bytes', 'histogram', 'Message bytes sent per ended exchange.', [
    'method',
    'endpoint',
    'status',
  ]),
  aborted: family(
    'http_requests_aborted_total',
    'counter',
    'Exchanges that ended before request and response were complete.',
    ['method', 'endpoint'],
  ),
  inFlight: family('http_requests_in_flight', 'gauge', 'Exchanges that have begun and not ended.'),
  connections: family('http_connections', 'gauge', 'Open connections.'),
  connectionBytes: family(
    'http_connection_bytes_total',
    'counter',
    'All bytes that the sockets moved, as the kernel took or gave them.',
    ['direction'],
  ),
  unattributed: family(
    'http_unattributed_bytes_total',
    'counter',
    'Connection bytes that belong to no exchange, by reason.',
    ['direction', 'reason'],
  ),
  pending: family(
    'http_pending_bytes',
    'gauge',
    'Bytes moved on open connections whose endpoint or status is not known yet.',
    ['direction'],
  ),
  tlsOverhead: family(
    'http_tls_overhead_bytes_total',
    'counter',
    'Raw bytes minus plaintext, part of the other counters.',
    ['direction'],
  ),
  clientBytes: family('http_client_bytes_total', 'counter', 'Message bytes by client, as clientOf names it.', [
    'client',
    'direction',
  ]),
  captureExact: family('http_capture_exact', 'gauge', '1 when every probe of the runtime passed, else 0.'),
  overflowed: family(
    'http_endpoints_overflowed_total',
    'counter',
    'Exchanges counted under _other because a cap was reached.',
  ),
  errors: family('http_monitor_errors_total', 'counter', 'Faults inside the monitor; none of them reached a request.'),
});
