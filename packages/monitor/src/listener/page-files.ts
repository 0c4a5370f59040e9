import type { IncomingMessage, ServerResponse } from 'node:http';
import { builtin } from '../builtin.ts';

/** One file of the live page, as the build packs it. */
interface PackedFile {
  path: string;
  headers: Record<string, string>;
  /** Its content, compressed, in base64. */
  gzip: string;
}

interface PageFile {
  readonly headers: Readonly<Record<string, string>>;
  readonly gzip: Buffer;
}

// Beside a bundle, beside what the compiler made, and for whoever runs from source where the build has left it.
const places = ['./page.json', '../page.json', '../../dist/page.json'];
let files: ReadonlyMap<string, PageFile> | undefined;

/**
 * Answers with a file of the live page, compressed where the client takes that; with 304 where it has the file already.
 *
 * @returns false when the page has no file at `path`: then nothing was sent.
 */
export function sendPageFile(path: string, request: IncomingMessage, response: ServerResponse): boolean {
  // The page is packed by the build, and read once, when it is asked for.
  files ??= readPage();
  const file = files.get(path);
  if (!file) return false;
  const { 'if-none-match': known, 'accept-encoding': accepted } = request.headers;
  const { etag = '' } = file.headers;
  response.setHeader('vary', 'accept-encoding');
  if (known?.split(/\s*,\s*/).includes(etag)) {
    response.writeHead(304, file.headers).end();
    return true;
  }
  const isCompressed = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(String(accepted ?? ''));
  const body = isCompressed ? file.gzip : builtin('node:zlib').gunzipSync(file.gzip);
  const encoding = isCompressed ? { 'content-encoding': 'gzip' } : {};
  response.writeHead(200, { ...file.headers, ...encoding, 'content-length': body.length });
  response.end(body);
  return true;
}

function readPage(): ReadonlyMap<string, PageFile> {
  const { existsSync, readFileSync } = builtin('node:fs');
  const place = places.map((name) => new URL(name, import.meta.url)).find((file) => existsSync(file));
  if (!place) return new Map();
  const packed = JSON.parse(readFileSync(place, 'utf8')) as { files: PackedFile[] };
  return new Map(packed.files.map(({ path, headers, gzip }) => [path, { headers, gzip: Buffer.from(gzip, 'base64') }]));
}
