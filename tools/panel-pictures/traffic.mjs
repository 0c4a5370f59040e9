// Something to draw: runs jobs on a scheduler, and traffic through a shop of its own that has the monitor, until it is
// stopped. Usage: WEIGHBRIDGE_MASTER=… WEIGHBRIDGE_TOKEN=… node traffic.mjs METRICS-PORT
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { monitorBandwidth } from '../../packages/monitor/dist/index.js';

const cli = fileURLToPath(new URL('../../packages/cli/bin/weighbridge.js', import.meta.url));
const metricsPort = Number(process.argv[2] ?? 9465);
const files = makeFiles();
const shop = await startShop();

await Promise.all([runJobs(), runShop(), runScanner()]);

/** Files of which a third is noise, so that gzip has something to do and something that it can't. */
function makeFiles() {
  const folder = mkdtempSync(join(tmpdir(), 'weighbridge-traffic-'));
  return [1, 4, 9].map((megabytes) => {
    const path = join(folder, `${megabytes}.bin`);
    const noise = randomBytes((megabytes * 1e6) / 3);
    writeFileSync(path, Buffer.concat([noise, Buffer.alloc(noise.length, 'weighbridge '), noise]));
    return path;
  });
}

async function runJobs() {
  for (let round = 0; ; round++) {
    // Calm and busy minutes, one after the other.
    const busy = Math.floor(round / 12) % 2 === 1;
    const file = files[round % files.length];
    // Another content each time: what a worker has in its cache isn't fetched again.
    writeFileSync(file, randomBytes(16), { flag: 'r+' });
    submit(['--input', file, '--output', '*.gz', '--', 'gzip', '-v', file.split('/').at(-1)]);
    if (busy) submit(['--', 'sleep', String(2 + (round % 9))]);
    if (round % 7 === 0) submit(['--', 'gunzip', 'nothing-there.gz']);
    await delay(busy ? 2500 : 6000);
  }
}

function submit(args) {
  execFile(process.execPath, [cli, 'jobs', 'submit', ...args], (error) => error && console.error(error.message));
}

function startShop() {
  const templates = ['/products/:id', '/images/:file', '/checkout', '/export.csv'];
  const sizes = { '/products/:id': 4000, '/images/:file': 180_000, '/checkout': 900, '/export.csv': 3_000_000 };
  const toTemplate = (url) => templates.find((template) => url.split('/')[1] === template.split('/')[1]);
  const monitor = monitorBandwidth({
    endpointOf: ({ url }) => toTemplate(url),
    clientOf: ({ headers }) => headers['x-tenant'],
    maxClients: 4,
  });
  const server = createServer((incoming, response) => {
    const template = toTemplate(incoming.url);
    if (!template) return response.writeHead(404).end('Not found.');
    incoming.resume().once('end', () => response.end(randomBytes(sizes[template] * (0.5 + Math.random()))));
  }).listen(0, '127.0.0.1');
  const metrics = createServer(async (_incoming, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
    response.end(await monitor.text());
  }).listen(metricsPort, '127.0.0.1');
  monitor.ignore(metrics);
  return new Promise((resolve) => server.once('listening', () => resolve(server.address().port)));
}

async function runShop() {
  const tenants = ['acme', 'globex', 'initech', 'umbrella', 'hooli'];
  for (let round = 0; ; round++) {
    const tenant = tenants[Math.floor(Math.random() ** 2 * tenants.length)];
    visit('GET', `/products/${round}`, tenant);
    if (round % 3 === 0) visit('GET', `/images/${round}.jpg`, tenant);
    if (round % 10 === 0) visit('POST', '/checkout', tenant, randomBytes(2500));
    if (round % 40 === 0) visit('GET', '/export.csv', tenant, undefined, round % 80 === 0);
    await delay(40 + 40 * (1 + Math.sin(Date.now() / 60_000)));
  }
}

/** One of those that every server on the internet knows. */
async function runScanner() {
  for (;;) {
    visit('GET', `/wp-login.php?${Date.now()}`);
    await delay(1500);
  }
}

function visit(method, path, tenant, body, isImpatient = false) {
  const headers = tenant ? { 'x-tenant': tenant } : {};
  const sent = request({ port: shop, host: '127.0.0.1', method, path, headers }, (response) => {
    if (isImpatient) return response.once('data', () => response.destroy());
    response.resume();
  });
  sent.on('error', () => undefined);
  sent.end(body);
}
