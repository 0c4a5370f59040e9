import type { IncomingMessage } from 'node:http';
import type { ResponseState } from '../../capture/exchange.ts';

/** Under which Next.js keeps on a request what it knows of it. */
const metaKey: unique symbol = Symbol.for('NextInternalRequestMeta') as never;
interface NextRequest extends IncomingMessage {
  [metaKey]?: { match?: { definition?: { pathname?: string } } };
}

/** The pages that Next.js shows where no page takes the request. */
const notFoundPages = new Set(['/404', '/_not-found', '/_error']);

/** The template of the page or the handler that Next.js found, such as `/blog/[slug]`; of its own files `/_next/*`. */
export function findNext(request: NextRequest, response: ResponseState): string | undefined {
  const meta = request[metaKey];
  if (!meta) return undefined;
  const page = meta.match?.definition?.pathname;
  if (page !== undefined) return notFoundPages.has(page) ? undefined : page;
  if (!response.headersSent || response.statusCode === 404) return undefined;
  return request.url?.startsWith('/_next/') ? '/_next/*' : '/*';
}
