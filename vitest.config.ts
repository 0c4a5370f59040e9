import { defineConfig } from 'vitest/config';

// Packages are tested from source: only here is the private export condition on.
// vitest also passes these to Node as --conditions: `import` among them would hand ESM to a CommonJS `require`.
const source = { ssr: { resolve: { conditions: ['weighbridge-source', 'node'] } } };

const project = (name: string, include: string[], more: object = {}) => ({
  ...source,
  extends: true as const,
  test: { name, include, ...more },
});

// A test may install packages of its own below its folder.
const exclude = ['**/*.full.test.ts', '**/node_modules/**'];

/**
 * `*.test.ts` needs neither root nor installed servers; `*.full.test.ts` does. `e2e/` starts the built
 * command line as a user would.
 */
export default defineConfig({
  test: {
    testTimeout: 20_000,
    // A master's first start takes seconds, on a busy machine many.
    hookTimeout: 180_000,
    teardownTimeout: 10_000,
    pool: 'forks',
    maxWorkers: 2,
    expect: { poll: { timeout: 15_000 } },
    projects: [
      ...['monitor', 'protocol', 'page', 'dashboards', 'scheduler', 'cli'].map((name) =>
        project(name, [`packages/${name}/test/**/*.test.ts`], { exclude }),
      ),
      project('e2e', ['e2e/**/*.test.ts'], { exclude, testTimeout: 60_000 }),
      project('full', ['packages/*/test/**/*.full.test.ts', 'e2e/**/*.full.test.ts'], { testTimeout: 120_000 }),
    ],
  },
});
