import { builtin } from './builtin.ts';

/** One file of the live page as it is sent. */
interface PageFile {
  readonly contentType: string;
  readonly body: Buffer;
}

export interface Page {
  readonly headers: Readonly<Record<string, string>>;
  readonly files: ReadonlyMap<string, PageFile>;
}

/** As the build packs it: bodies in base64. */
interface PackedPage {
  headers: Record<string, string>;
  files: [path: string, contentType: string, body: string][];
}

// Beside the bundle; for whoever runs from source, where the build has left it.
const places = ['./page.json', '../../dist/page.json'];
let page: Page | undefined;

/** The live page, packed by the build. Read once, when it is asked for. */
export function loadPage(): Page {
  page ??= readPage();
  return page;
}

function readPage(): Page {
  const { existsSync, readFileSync } = builtin('node:fs');
  const place = places.map((name) => new URL(name, import.meta.url)).find((file) => existsSync(file));
  if (!place) return { headers: {}, files: new Map() };
  const { headers, files } = JSON.parse(readFileSync(place, 'utf8')) as PackedPage;
  const unpacked = files.map(([path, contentType, body]): [string, PageFile] => [
    path,
    { contentType, body: Buffer.from(body, 'base64') },
  ]);
  return { headers, files: new Map(unpacked) };
}
