// Writes what is made from code and checked in: `monitoring/`, and the tables of docs/BANDWIDTH_MONITORING.md and of the
// monitor's README.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createDeploymentFiles,
  createMonitoringFiles,
  createReference,
  schedulerService,
} from '@weighbridge/dashboards';
import { formatOpening, replaceRegion } from './marked-region.ts';

const root = new URL('../', import.meta.url);
const monitoring = fileURLToPath(new URL('monitoring/', root));
const document = new URL('docs/BANDWIDTH_MONITORING.md', root);
const readme = new URL('packages/monitor/README.md', root);

const files = new Map([...createMonitoringFiles(schedulerService), ...createDeploymentFiles(schedulerService)]);
rmSync(monitoring, { recursive: true, force: true });
for (const [path, text] of files) {
  mkdirSync(dirname(join(monitoring, path)), { recursive: true });
  writeFileSync(join(monitoring, path), text);
}
for (const [name, table] of createReference()) {
  replaceRegion(document, formatOpening('generate', name), table);
  if (name === 'bandwidth-metrics') replaceRegion(readme, formatOpening('generate', name), table);
}
console.log(`Wrote ${files.size} files of monitoring/, and the tables of docs/BANDWIDTH_MONITORING.md.`);
