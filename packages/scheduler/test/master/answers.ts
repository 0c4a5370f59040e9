import type { OpenApiDocument } from '../../../../scripts/openapi-breaks.ts';

interface Answer {
  readonly method: string;
  readonly url: URL;
  readonly status: number;
}

const seen: Answer[] = [];
const fetchReally = globalThis.fetch;

/** From here on every answer that a test of this file gets is noted. */
globalThis.fetch = async (input, init) => {
  const response = await fetchReally(input, init);
  const { url, method } = new Request(input instanceof Request ? input : String(input), {
    method: init?.method ?? 'GET',
  });
  seen.push({ method, url: new URL(url), status: response.status });
  return response;
};

/** Answers of a master's routes whose status its contract does not name: none may be. */
export async function findUndescribed(apiUrl: string): Promise<string[]> {
  const response = await fetchReally(`${apiUrl}/openapi.json`).catch(() => undefined);
  // It is stopping, or has stopped, in the test itself.
  if (response?.ok !== true) return [];
  const { paths } = (await response.json()) as OpenApiDocument;
  const routes = Object.entries(paths).map(([path, methods]) => ({
    pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
    // The more of it is fixed, the better it fits.
    variables: path.split('{').length,
    methods,
  }));
  routes.sort((a, b) => a.variables - b.variables);
  const undescribed = seen.flatMap(({ method, url, status }) => {
    if (url.origin !== apiUrl) return [];
    const operation = routes.find(({ pattern }) => pattern.test(url.pathname))?.methods[method.toLowerCase()];
    return operation === undefined || String(status) in operation.responses
      ? []
      : [`${method} ${url.pathname} ${status}`];
  });
  return [...new Set(undescribed)];
}
