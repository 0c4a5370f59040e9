import { join } from 'node:path';
import type { MonitoredService, ServiceOptions } from '@weighbridge/dashboards';
import type { Command } from 'commander';
import { addExamples } from '../command.ts';
import { UsageError } from '../errors.ts';
import { writeExport } from '../export-folder.ts';
import { loadDashboards } from '../optional-packages.ts';
import { printFields, printJson, printLine } from '../terminal/output.ts';

interface Flags {
  out: string;
  prefix?: string;
  target?: string;
  runbook?: string;
  force?: true;
  json?: true;
}

export function addDashboardsExport(dashboards: Command): void {
  const command = dashboards
    .command('export')
    .description('Write dashboards, rules, scrape and provisioning files into a folder.')
    .requiredOption('--out <dir>', 'where to; made where it is missing')
    .option('--prefix <prefix>', "another service's: the option prefix of its monitor (default: the scheduler's)")
    .option('--target <host:port>', 'its metrics (default: 127.0.0.1:9090 for the scheduler, else 127.0.0.1:9465)')
    .option('--runbook <url>', 'where BANDWIDTH_MONITORING.md can be read, for the links in alerts')
    .option('--force', 'overwrite files that this command did not write')
    .option('--json', 'print JSON')
    .action(exportDashboards);
  addExamples(command, [
    'weighbridge dashboards export --out monitoring/',
    'weighbridge dashboards export --out shop-monitoring/ --prefix shop_ --target shop.internal:9465',
    'weighbridge dashboards export --out monitoring/ --runbook https://wiki.internal/bandwidth',
  ]);
}

async function exportDashboards({ out, force, json, prefix, target, runbook }: Flags): Promise<void> {
  const { createMonitoringFiles, resolveService } = await loadDashboards();
  const service = parseService(resolveService, {
    ...(prefix !== undefined && { prefix }),
    ...(target !== undefined && { target }),
    ...(runbook !== undefined && { runbook }),
  });
  const files = createMonitoringFiles(service);
  await writeExport(out, files, force === true);
  if (json) return printJson({ out, job: service.job, files: [...files.keys()] });
  printLine(`${files.size} files in ${out}`);
  printFields([
    ['Prometheus', `prometheus --config.file=${join(out, 'prometheus.yml')} --web.listen-address=127.0.0.1:9091`],
    ['VictoriaMetrics', `victoria-metrics -promscrape.config=${join(out, 'victoriametrics.yml')}`],
    ['Grafana', `cp -r ${join(out, 'grafana/provisioning')} /etc/grafana/ and restart it`],
    ['Rules', join(out, 'rules', `${service.job}.rules.yml`)],
  ]);
}

/** The package names its options; people know the flags. */
function parseService(
  resolve: (options: ServiceOptions) => MonitoredService,
  options: ServiceOptions,
): MonitoredService {
  try {
    return resolve(options);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new UsageError(`--${cause.message}`, { cause });
  }
}
