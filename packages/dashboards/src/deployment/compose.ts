import { stringify } from 'yaml';
import type { MonitoredService } from '../monitored-service.ts';
import { grafanaProvisioning } from './grafana-provisioning.ts';

/** Where the master's metrics are inside the composition. */
export const composeTarget = 'master:9090';
/** Where VictoriaMetrics answers inside the composition. */
export const composeMetricsUrl = 'http://victoriametrics:8428';

const images = Object.freeze({
  node: 'node:24.21.0-bookworm',
  victoriametrics: 'victoriametrics/victoria-metrics:v1.122.0',
  vmalert: 'victoriametrics/vmalert:v1.122.0',
  grafana: 'grafana/grafana:13.2.2',
});

/** Master, VictoriaMetrics, vmalert and Grafana; only loopback ports of the host. The clone is mounted. */
export function formatCompose({ job }: MonitoredService): string {
  return stringify(
    {
      services: {
        master: {
          image: images.node,
          working_dir: '/weighbridge',
          // Inside the composition's network; the host publishes it on loopback only.
          command: [
            'npm',
            'start',
            '--',
            '--listen',
            '0.0.0.0:8080',
            '--metrics-listen',
            '0.0.0.0:9090',
            '--data',
            '/data',
            '--insecure',
          ],
          volumes: ['..:/weighbridge', 'master-data:/data'],
          ports: ['127.0.0.1:8080:8080', '127.0.0.1:9090:9090'],
          init: true,
          restart: 'unless-stopped',
        },
        victoriametrics: {
          image: images.victoriametrics,
          command: ['-promscrape.config=/etc/weighbridge/victoriametrics.yml', '-storageDataPath=/storage'],
          volumes: ['./compose/victoriametrics.yml:/etc/weighbridge/victoriametrics.yml:ro', 'metrics:/storage'],
          ports: ['127.0.0.1:8428:8428'],
          restart: 'unless-stopped',
        },
        vmalert: {
          image: images.vmalert,
          command: [
            `-rule=/etc/weighbridge/rules/${job}.rules.yml`,
            `-datasource.url=${composeMetricsUrl}`,
            `-remoteRead.url=${composeMetricsUrl}`,
            `-remoteWrite.url=${composeMetricsUrl}`,
            // Shown on its own page; an Alertmanager of yours is -notifier.url.
            '-notifier.blackhole',
          ],
          volumes: ['./rules:/etc/weighbridge/rules:ro'],
          depends_on: ['victoriametrics'],
          restart: 'unless-stopped',
        },
        grafana: {
          image: images.grafana,
          volumes: [
            `./grafana/provisioning/dashboards:${grafanaProvisioning}/dashboards:ro`,
            `./compose/datasources:${grafanaProvisioning}/datasources:ro`,
            'grafana:/var/lib/grafana',
          ],
          ports: ['127.0.0.1:3000:3000'],
          depends_on: ['victoriametrics'],
          restart: 'unless-stopped',
        },
      },
      volumes: { 'master-data': {}, metrics: {}, grafana: {} },
    },
    { lineWidth: 0 },
  );
}
