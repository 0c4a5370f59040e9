import { subscribe, unsubscribe } from 'node:diagnostics_channel';

interface LoadedModule {
  id?: unknown;
  result?: unknown;
}

/**
 * Calls `found` with the exports of each CommonJS module that was loaded or will be, by `require` or by `import`, and
 * whose id matches: the name it was required by, or its file. Returns how to stop.
 *
 * @param ids is asked for each module that an application loads, so it must be quick to say no.
 */
export function watchModules(ids: RegExp, found: (exports: unknown) => void): () => void {
  const onLoad = (message: unknown): void => {
    const { id, result } = message as LoadedModule;
    if (typeof id === 'string' && ids.test(id)) found(result);
  };
  subscribe('tracing:module.require:end', onLoad);
  for (const [file, loaded] of Object.entries(loadedModules())) if (ids.test(file)) found(loaded?.exports);
  return () => void unsubscribe('tracing:module.require:end', onLoad);
}

/** The modules by their files: what `require.cache` is, without making a `require`. */
export function loadedModules(): NodeJS.Dict<NodeJS.Module> {
  return (process.getBuiltinModule('node:module') as { _cache?: NodeJS.Dict<NodeJS.Module> })._cache ?? {};
}
