export type { ExchangeBytes } from './capture/exchange.ts';
export { type PageTotals, toPageTotals } from './export/page-totals.ts';
export type { RegistryLike } from './export/registry.ts';
export { inSlices } from './export/slices.ts';
export { imbalance } from './ledger/balance.ts';
export { formatEvent, keepAlive, keepAliveMs, sendEvents } from './listener/event-stream.ts';
export type { History, KeptMinute } from './listener/history/history.ts';
export { type Handler, Listener, type ListenerOptions, type ListenerSource } from './listener/listener.ts';
export { ListenerError } from './listener/listener-error.ts';
export { type MetricFamily, metricFamilies } from './metric-names.ts';
export { type BandwidthMonitor, bytesOf, monitorBandwidth } from './monitor.ts';
export type { MonitorOptions } from './options.ts';
export { setEndpoint } from './routes/endpoint.ts';
export {
  type BandwidthSnapshot,
  type Directions,
  type EndpointSnapshot,
  type UnattributedReason,
  unattributedReasons,
} from './snapshot.ts';
