// Makes `page.json`, which the monitor's listener serves the live page from: its style in one file and its script in two,
// compressed, with the headers to send. Plain JavaScript for Node 20, as what calls it.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';

const page = fileURLToPath(new URL('../packages/page/', import.meta.url));

/**
 * Headers of every file: nothing inline, nothing from elsewhere, in no frame. The page carries the same policy in a
 * `<meta>`, which can't forbid frames.
 */
const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  // Asked for again at each visit: an ETag makes that cheap, and a new version is seen at once.
  'cache-control': 'no-cache',
};

/** Writes the page to `output`. */
export async function packPage(output) {
  const files = [
    pack('/', 'text/html; charset=utf-8', readFileSync(join(page, 'static', 'index.html'))),
    ...(await bundleScripts()).map(([path, code]) => pack(path, 'text/javascript; charset=utf-8', code)),
    pack('/page.css', 'text/css; charset=utf-8', bundleStyle()),
    pack('/page/icon.svg', 'image/svg+xml', readFileSync(join(page, 'static', 'icon.svg'))),
  ];
  writeFileSync(output, JSON.stringify({ files }));
}

function pack(path, contentType, content) {
  // Weak: it names the content, however that is encoded.
  const etag = `W/"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
  const body = gzipSync(content, { level: constants.Z_BEST_COMPRESSION });
  return { path, headers: { ...headers, 'content-type': contentType, etag }, gzip: body.toString('base64') };
}

/** `/page.js`, and below `/page/` what that loads when it is needed. */
async function bundleScripts() {
  const { rolldown } = await import('rolldown');
  const build = await rolldown({
    input: join(page, 'browser', 'main.tsx'),
    platform: 'browser',
    // Packages of this repository from their source: nothing has to be compiled before.
    resolve: { conditionNames: ['weighbridge-source', 'browser', 'import', 'default'] },
    tsconfig: join(page, 'browser', 'tsconfig.json'),
  });
  const { output } = await build.generate({
    format: 'esm',
    minify: true,
    comments: false,
    entryFileNames: 'page.js',
    chunkFileNames: 'page/[name].js',
  });
  await build.close();
  return output.map(({ fileName, code }) => [`/${fileName}`, code]);
}

function bundleStyle() {
  const chart = createRequire(join(page, 'package.json')).resolve('uplot/dist/uPlot.min.css');
  return [chart, join(page, 'static', 'page.css')].map((file) => readFileSync(file, 'utf8')).join('\n');
}
