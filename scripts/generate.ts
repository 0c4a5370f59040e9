// Writes what is made from code and checked in: `monitoring/`, the tables of docs/BANDWIDTH_MONITORING.md and of the monitor's
// README, and docs/openapi.json, which it refuses to write where that would break the contract without a version of its own.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createDeploymentFiles,
  createMonitoringFiles,
  createReference,
  schedulerService,
} from '@weighbridge/dashboards';
import { Master } from '@weighbridge/scheduler';
import { formatOpening, replaceRegion } from './marked-region.ts';
import { findBreaks, type OpenApiDocument } from './openapi-breaks.ts';

const root = new URL('../', import.meta.url);
const monitoring = fileURLToPath(new URL('monitoring/', root));
const reference = new URL('docs/BANDWIDTH_MONITORING.md', root);
const readme = new URL('packages/monitor/README.md', root);

const files = new Map([...createMonitoringFiles(schedulerService), ...createDeploymentFiles(schedulerService)]);
rmSync(monitoring, { recursive: true, force: true });
for (const [path, text] of files) {
  mkdirSync(dirname(join(monitoring, path)), { recursive: true });
  writeFileSync(join(monitoring, path), text);
}
for (const [name, table] of createReference()) {
  replaceRegion(reference, formatOpening('generate', name), table);
  if (name === 'bandwidth-metrics') replaceRegion(readme, formatOpening('generate', name), table);
}
console.log(`Wrote ${files.size} files of monitoring/, and the tables of docs/BANDWIDTH_MONITORING.md.`);

const contract = fileURLToPath(new URL('docs/openapi.json', root));
const document = await readContract();
const before = existsSync(contract) ? (JSON.parse(readFileSync(contract, 'utf8')) as OpenApiDocument) : document;
const breaks = before.info.version === document.info.version ? findBreaks(before, document) : [];
if (breaks.length > 0)
  throw new Error(
    `the API would break who uses it; mend it, or give it another version in http/openapi.ts:\n${breaks.join('\n')}`,
  );
writeFileSync(contract, `${JSON.stringify(document, null, 1)}\n`);
console.log('Wrote docs/openapi.json.');

/** Only a master that runs has all of its routes. */
async function readContract(): Promise<OpenApiDocument> {
  const dataDir = mkdtempSync(join(tmpdir(), 'weighbridge-generate-'));
  const master = new Master({ listen: '127.0.0.1:0', metricsListen: '127.0.0.1:0', dataDir });
  try {
    const { apiUrl } = await master.start();
    return (await (await fetch(`${apiUrl}/openapi.json`)).json()) as OpenApiDocument;
  } finally {
    await master.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
