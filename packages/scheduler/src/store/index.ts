export { createEmbeddedStore, type EmbeddedStoreOptions } from './embedded/create-embedded-store.ts';
export { createPostgresStore, type PostgresStoreOptions } from './postgres/create-postgres-store.ts';
export type * from './store.ts';
