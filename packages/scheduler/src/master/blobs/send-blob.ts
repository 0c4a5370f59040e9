import type { Blob } from '@weighbridge/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { BlobFolder, ByteRange } from '../../blobs/blob-folder.ts';
import { parseRange } from './range.ts';

/** Answers with a blob, or the range that was asked for, or 304. Its ETag is its name, for ever. */
export function sendBlob(
  request: FastifyRequest,
  reply: FastifyReply,
  blobs: BlobFolder,
  { sha256, sizeBytes }: Blob,
): FastifyReply {
  const etag = `"${sha256}"`;
  reply
    .header('etag', etag)
    .header('accept-ranges', 'bytes')
    .header('cache-control', 'private, no-cache')
    .header('x-content-type-options', 'nosniff');
  if (namesTag(request.headers['if-none-match'], etag)) return reply.code(304).send();
  const range = wantedRange(request, reply, etag, sizeBytes);
  reply.type('application/octet-stream').header('content-length', range ? range.end - range.start + 1 : sizeBytes);
  if (range) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${sizeBytes}`);
  return reply.send(request.method === 'HEAD' ? undefined : blobs.read(sha256, range));
}

function wantedRange(
  request: FastifyRequest,
  reply: FastifyReply,
  etag: string,
  sizeBytes: number,
): ByteRange | undefined {
  const { range, 'if-range': ifRange } = request.headers;
  if (request.method === 'HEAD' || (ifRange !== undefined && ifRange !== etag)) return undefined;
  try {
    return parseRange(range, sizeBytes);
  } catch (error) {
    reply.header('content-range', `bytes */${sizeBytes}`);
    throw error;
  }
}

function namesTag(header: string | undefined, etag: string): boolean {
  return header?.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag) ?? false;
}
