export { createEmbeddedStore } from './embedded/create-embedded-store.ts';
export { createPostgresStore } from './postgres/create-postgres-store.ts';
export type * from './store.ts';
