import { stringify } from 'yaml';
import type { MonitoredService } from '../monitored-service.ts';

/** Rates need two scrapes in their window: the datasource's `timeInterval` says the same. */
export const scrapeInterval = '15s';

function scrapeJob({ job, target }: MonitoredService) {
  return { job_name: job, static_configs: [{ targets: [target] }] };
}

/** A complete prometheus.yml: scrape, rules, Alertmanager. */
export function formatPrometheus(service: MonitoredService): string {
  return stringify({
    global: { scrape_interval: scrapeInterval, evaluation_interval: scrapeInterval },
    rule_files: ['rules/*.rules.yml'],
    alerting: { alertmanagers: [{ static_configs: [{ targets: ['127.0.0.1:9093'] }] }] },
    scrape_configs: [scrapeJob(service)],
  });
}

/** The same for `victoria-metrics -promscrape.config` and vmagent; rules are vmalert's part. */
export function formatVictoriaMetrics(service: MonitoredService): string {
  return stringify({ global: { scrape_interval: scrapeInterval }, scrape_configs: [scrapeJob(service)] });
}
