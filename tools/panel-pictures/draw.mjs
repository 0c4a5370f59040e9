// Draws every row of a dashboard from what a running engine holds, and writes a picture of each.
//   node draw.mjs --url http://127.0.0.1:9091 --dashboard FILE.json --job JOB [--prefix P] [--minutes 15] --out DIR
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { interpolate, toPictureName } from '../../packages/dashboards/dist/index.js';

const { values: options } = parseArgs({
  options: {
    url: { type: 'string' },
    dashboard: { type: 'string' },
    job: { type: 'string' },
    prefix: { type: 'string', default: 'weighbridge_' },
    minutes: { type: 'string', default: '15' },
    width: { type: 'string', default: '1500' },
    out: { type: 'string' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
});
for (const name of ['url', 'dashboard', 'job', 'out']) {
  if (options[name] === undefined) throw new Error(`--${name} is missing`);
}

const emptyPage = '<!doctype html><body style="margin:0"><div id="row" style="position:relative"></div></body>';
const dashboard = JSON.parse(readFileSync(options.dashboard, 'utf8'));
const to = Math.floor(Date.now() / 1000);
const from = to - Number(options.minutes) * 60;
const values = {
  job: options.job,
  instance: '.+',
  prefix: options.prefix,
  price: '0.09',
  __rate_interval: '30s',
  __range: `${options.minutes}m`,
};
mkdirSync(options.out, { recursive: true });
const script = await bundle();
const browser = await chromium.launch({ executablePath: options.chromium, args: ['--no-sandbox'] });
try {
  for (const { title, panels } of toRows(dashboard.panels)) {
    const path = join(options.out, toPictureName(title));
    await draw(await Promise.all(panels.map(ask)), path);
    console.log(path);
  }
} finally {
  await browser.close();
}

async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('panels.jsx', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
    loader: { '.svg': 'dataurl', '.png': 'dataurl', '.css': 'empty' },
    logLevel: 'error',
  });
  return outputFiles[0].text;
}

function toRows(panels) {
  const rows = [];
  for (const panel of panels) {
    if (panel.type === 'row') rows.push({ title: panel.title, panels: [] });
    else rows.at(-1).panels.push(panel);
  }
  return rows;
}

/** A panel with what the engine answers to its queries. */
async function ask(panel) {
  const answers = panel.targets.map(async ({ refId, expr, legendFormat, instant }) => {
    const query = interpolate(expr, values);
    const range = instant ? { time: to } : { start: from, end: to, step: Math.max(5, Math.round((to - from) / 240)) };
    const body = new URLSearchParams({ query, ...range });
    const response = await fetch(`${options.url}/api/v1/query${instant ? '' : '_range'}`, { method: 'POST', body });
    const { status, error, data } = await response.json();
    if (status !== 'success') throw new Error(`${panel.title}: ${error}`);
    const series = data.result.map(({ metric, value, values: several }) => ({
      labels: metric,
      values: several ?? [value],
    }));
    return { refId, legend: legendFormat, series };
  });
  return { ...panel, answers: await Promise.all(answers) };
}

async function draw(panels, path) {
  const page = await browser.newPage({ viewport: { width: Number(options.width), height: 900 }, timezoneId: 'UTC' });
  page.on('pageerror', (error) => console.error(error.message));
  // An origin of its own, since Grafana's code wants localStorage. Nothing is fetched.
  await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html; charset=utf-8', body: emptyPage }));
  await page.goto('http://127.0.0.1/');
  for (const style of ['uplot/dist/uPlot.min.css', '@grafana/react-data-grid/lib/styles.css']) {
    await page.addStyleTag({ path: fileURLToPath(import.meta.resolve(style)) });
  }
  await page.addScriptTag({ content: script });
  const range = { width: Number(options.width), from: from * 1000, to: to * 1000 };
  await page.evaluate(([drawn, where]) => window.drawRow(drawn, where), [panels, range]);
  writeFileSync(path, await page.locator('#row').screenshot());
  await page.close();
}
