import { readdirSync, readFileSync } from 'node:fs';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';

/** One file as a server sends it. */
export interface PageFile {
  readonly contentType: string;
  readonly body: Buffer;
}

/**
 * Headers to send with every file of the page: nothing inline, nothing from elsewhere, in no frame.
 * The page carries the same policy in a `<meta>`, which can't forbid frames.
 */
export const pageHeaders: Readonly<Record<string, string>> = Object.freeze({
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
});

const script = 'text/javascript; charset=utf-8';
const style = 'text/css; charset=utf-8';

// Under vitest the page runs from source, where nothing has been compiled.
const fromSource = import.meta.url.endsWith('.ts');
const scripts = fileURLToPath(new URL(fromSource ? '../browser/' : './browser/', import.meta.url));
const statics = fileURLToPath(new URL('../static/', import.meta.url));

let files: ReadonlyMap<string, PageFile> | undefined;

/**
 * The live page: each path that it needs, and what to answer there. `/` is the page itself; its parts are
 * `/page.js`, `/page.css` and some twenty files right below `/page/`: one route with a parameter serves
 * those, so that they are one endpoint in the metrics. Read from disk once.
 *
 * @example
 * const files = pageFiles();
 * const send = (request, reply) => {
 *   const file = files.get(request.url);
 *   return file ? reply.headers(pageHeaders).type(file.contentType).send(file.body) : reply.callNotFound();
 * };
 * for (const path of ['/', '/page.js', '/page.css', '/page/:file']) app.get(path, send);
 */
export function pageFiles(): ReadonlyMap<string, PageFile> {
  files ??= new Map([
    ['/', { contentType: 'text/html; charset=utf-8', body: readFileSync(`${statics}index.html`) }],
    ['/page.css', { contentType: style, body: readFileSync(`${statics}page.css`) }],
    ['/page/icon.svg', { contentType: 'image/svg+xml', body: readFileSync(`${statics}icon.svg`) }],
    ['/page/uplot.js', { contentType: script, body: readChart('uPlot.iife.min.js') }],
    ['/page/uplot.css', { contentType: style, body: readChart('uPlot.min.css') }],
    ...readScripts(),
  ]);
  return files;
}

function readChart(name: string): Buffer {
  return readFileSync(createRequire(import.meta.url).resolve(`uplot/dist/${name}`));
}

function readScripts(): [string, PageFile][] {
  const extension = fromSource ? '.ts' : '.js';
  const names = readdirSync(scripts, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(extension) && !name.endsWith('.d.ts'))
    .map((name) => name.slice(0, -extension.length).replaceAll('\\', '/'));
  return names.map((name) => [
    `/${name}.js`,
    { contentType: script, body: readScript(`${scripts}${name}${extension}`) },
  ]);
}

function readScript(path: string): Buffer {
  const content = readFileSync(path);
  if (!fromSource) return content;
  return Buffer.from(stripTypeScriptTypes(content.toString()).replaceAll(/(from '\.[^']+)\.ts'/g, "$1.js'"));
}
