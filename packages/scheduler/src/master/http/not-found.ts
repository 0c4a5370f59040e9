import { ProblemError } from '@weighbridge/protocol';
import type { FastifyInstance } from 'fastify';
import { formatValue } from './validation.ts';

interface KnownPath {
  readonly segments: string[];
  readonly methods: Set<string>;
}

/** 404 for a path that no route has, 405 where another method would do: before the body is read. */
export function rejectUnknownRoutes(app: Pick<FastifyInstance, 'addHook' | 'setNotFoundHandler'>): void {
  const paths = new Map<string, KnownPath>();
  app.addHook('onRoute', ({ url, method }) => {
    const path = paths.get(url) ?? { segments: url.split('/'), methods: new Set() };
    for (const one of [method].flat()) path.methods.add(one);
    paths.set(url, path);
  });
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return;
    const path = request.url.split('?', 1)[0] ?? '';
    const methods = methodsOf(paths.values(), path);
    if (methods.length === 0) throw new ProblemError('not-found', `there is nothing at ${formatValue(path)}`);
    reply.header('allow', methods.join(', '));
    throw new ProblemError(
      'method-not-allowed',
      `${formatValue(path)} takes ${methods.join(', ')}, got ${request.method}`,
    );
  });
}

function methodsOf(paths: Iterable<KnownPath>, path: string): string[] {
  const segments = path.split('/');
  const found = [...paths].filter((known) => matches(known.segments, segments));
  return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort();
}

function matches(template: string[], segments: string[]): boolean {
  if (template.at(-1) === '*') return matches(template.slice(0, -1), segments.slice(0, template.length - 1));
  return (
    template.length === segments.length &&
    template.every((part, i) => (part.startsWith(':') ? segments[i] !== '' : part === segments[i]))
  );
}
