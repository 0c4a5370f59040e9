import { stringify } from 'yaml';
import { scrapeInterval } from './scrape.ts';

/** Links to the data source go by it: it never changes. */
const datasourceUid = 'weighbridge-metrics';

/** Where the provisioning folder lies on a machine with Grafana, the container's included. */
export const grafanaProvisioning = '/etc/grafana/provisioning';

/** The data source, Prometheus or VictoriaMetrics, at this address. */
export function formatDatasource(url: string): string {
  return stringify({
    apiVersion: 1,
    datasources: [
      {
        name: 'Weighbridge metrics',
        uid: datasourceUid,
        type: 'prometheus',
        access: 'proxy',
        url,
        isDefault: true,
        // Without it Grafana takes windows that are shorter than two scrapes, and panels stay empty.
        jsonData: { timeInterval: scrapeInterval, httpMethod: 'POST' },
      },
    ],
  });
}

/** Loads every dashboard that lies beside it into a folder of their own. */
export function formatDashboardProvider(): string {
  return stringify({
    apiVersion: 1,
    providers: [
      {
        name: 'weighbridge',
        folder: 'Weighbridge',
        folderUid: 'weighbridge',
        type: 'file',
        disableDeletion: true,
        allowUiUpdates: false,
        updateIntervalSeconds: 30,
        options: { path: `${grafanaProvisioning}/dashboards/weighbridge` },
      },
    ],
  });
}
