import type { IncomingMessage } from 'node:http';
import { type AttemptRef, attemptHeader } from '@weighbridge/protocol';

type Named = Pick<IncomingMessage, 'headers' | 'url'>;

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const refPattern = new RegExp(`^(${uuid})/([1-9]\\d{0,8})$`, 'i');
const jobPattern = new RegExp(`^/jobs/(${uuid})/`, 'i');

/** The attempt that a request belongs to, by its path or its header. */
export function findAttempt({ headers, url = '' }: Named): AttemptRef | undefined {
  const named = headers[attemptHeader];
  const text = typeof named === 'string' ? named : /^\/jobs\/([^/]+)\/attempts\/([^/?]+)/.exec(url)?.slice(1).join('/');
  const match = refPattern.exec(text ?? '');
  return match ? { jobId: (match[1] as string).toLowerCase(), attempt: Number(match[2]) } : undefined;
}

/** The job that a request belongs to: that of its attempt, or that of its path. */
export function findJobId(request: Named): string | undefined {
  return findAttempt(request)?.jobId ?? jobPattern.exec(request.url ?? '')?.[1]?.toLowerCase();
}
