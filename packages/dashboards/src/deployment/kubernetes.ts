import { stringify } from 'yaml';
import type { MonitoredService } from '../monitored-service.ts';
import { scrapeInterval } from './scrape.ts';

/** The port's name in the Service and the Pod. */
const port = 'metrics';
const nameLabel = 'app.kubernetes.io/name';

/**
 * One endpoint to scrape. `honorLabels`: the operators add a label `endpoint` of their own, the port's name, and
 * would rename ours to `exported_endpoint`: every panel by endpoint would show one line.
 */
const endpoint = Object.freeze({ port, path: '/metrics', interval: scrapeInterval, honorLabels: true });

/** Manifests for the Prometheus operator and the VictoriaMetrics operator, by file name. */
export function formatKubernetes({ job }: MonitoredService): Map<string, string> {
  const metadata = { name: job, labels: { [nameLabel]: job } };
  const selector = { matchLabels: { [nameLabel]: job } };
  // The alerts go by the job's name, so it must not be the Service's.
  const jobLabel = nameLabel;
  return new Map([
    [
      'service-monitor.yml',
      stringify({
        apiVersion: 'monitoring.coreos.com/v1',
        kind: 'ServiceMonitor',
        metadata,
        spec: { jobLabel, selector, endpoints: [{ ...endpoint }] },
      }),
    ],
    [
      'pod-monitor.yml',
      stringify({
        apiVersion: 'monitoring.coreos.com/v1',
        kind: 'PodMonitor',
        metadata,
        spec: { jobLabel, selector, podMetricsEndpoints: [{ ...endpoint }] },
      }),
    ],
    [
      'vm-service-scrape.yml',
      stringify({
        apiVersion: 'operator.victoriametrics.com/v1beta1',
        kind: 'VMServiceScrape',
        metadata,
        spec: { jobLabel, selector, endpoints: [{ ...endpoint }] },
      }),
    ],
  ]);
}
