/**
 * A module of Node's, when it is needed. An `import` would make it ready at the application's start, with all that it
 * exports: half a millisecond each, thirty for node:http.
 */
export const builtin: typeof process.getBuiltinModule = process.getBuiltinModule;
