import { loadedModules } from './loaded-modules.ts';
import { readManifest } from './manifest.ts';

/** What to do, by the package of the framework that was met; the first that was met is told. */
const remedies: readonly [name: string, remedy: string][] = [
  ['hono', "add app.use(nameEndpoints()), from '@weighbridge/monitor/hono', before all other middleware"],
  ['h3', "add app.use(nameEndpoints()), from '@weighbridge/monitor/h3', before all other middleware"],
  ['nitro', "add nameEndpoints(), from '@weighbridge/monitor/h3', as a middleware"],
  ['express', 'load the monitor before the routers are made'],
  ['koa', 'use @koa/router'],
  ['@apollo/server', ''],
  ['@sveltejs/kit', ''],
  ['@trpc/server', ''],
  ['astro', ''],
  ['connect', ''],
  ['graphql-yoga', ''],
  ['itty-router', ''],
  ['micro', ''],
  ['nuxt', ''],
  ['polka', ''],
  ['socket.io', ''],
  ['vite', ''],
];

/**
 * One line for an application of which a request stayed without a template: the framework that was met, and what to
 * add. Reads the application's `package.json`, so it is for once.
 */
export function formatUnroutedAdvice(): string {
  const met = remedies.find(([name]) => isLoaded(name)) ?? remedies.find(([name]) => isDependency(name));
  const framework = met ? `${met[0]} was met, which tells nothing of its routes` : 'no framework that we know was met';
  const remedy = met?.[1] ? `${met[1]}, or ` : '';
  return (
    `weighbridge: a request has no template and is counted under the endpoint '_unrouted': ${framework}; ` +
    `${remedy}name templates: WEIGHBRIDGE_ENDPOINTS='/users/:id /files/*', or the monitor's option endpoints, or setEndpoint(request, '/users/:id')`
  );
}

function isLoaded(name: string): boolean {
  const part = `/node_modules/${name}/`;
  return Object.keys(loadedModules()).some((file) => file.replaceAll('\\', '/').includes(part));
}

/** ES modules are not listed anywhere: the application's own word has to do. */
function isDependency(name: string): boolean {
  return Object.hasOwn(readManifest(process.argv[1] ?? '').dependencies ?? {}, name);
}
