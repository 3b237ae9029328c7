import { defineConfig } from 'vitest/config';

/** One tier of tests: where its files lie, and what they may take. */
function tier(name: string, include: string[], settings: { exclude?: string[]; timeout: number; alone?: boolean }) {
  return {
    extends: true as const,
    test: {
      name,
      include,
      exclude: ['**/node_modules/**', 'dist/**', ...(settings.exclude ?? [])],
      testTimeout: settings.timeout,
      hookTimeout: settings.timeout,
      fileParallelism: !settings.alone,
    },
  };
}

const houses = ['apps', 'libs', 'tools', 'scripts', 'load-tests', 'tests'];

export default defineConfig({
  cacheDir: '.vitest-cache',
  // `#libs/*` has a condition `source`: tests run the sources, not what was last built.
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    // Twenty times faster than a process a file; so no test may change what another sees.
    pool: 'threads',
    isolate: false,
    restoreMocks: true,
    unstubEnvs: true,
    projects: [
      tier(
        'unit',
        houses.map((house) => `${house}/**/*.spec.ts`),
        { exclude: ['**/*.int.spec.ts', 'tests/{e2e,attacks,cluster}/**'], timeout: 10_000 },
      ),
      tier('database', ['apps/session/**/*.int.spec.ts'], { timeout: 60_000 }),
      tier('integration', ['libs/**/*.int.spec.ts', 'apps/**/*.int.spec.ts'], {
        exclude: ['apps/session/**'],
        timeout: 60_000,
      }),
      tier('e2e', ['tests/{e2e,attacks}/**/*.spec.ts'], { timeout: 120_000 }),
      tier('cluster', ['tests/cluster/**/*.spec.ts'], { timeout: 600_000, alone: true }),
      // No tests of `npm test`: load-tests/queue/main.ts runs them.
      tier('sim', ['load-tests/**/*.sim.ts'], { timeout: 600_000, alone: true }),
    ],
  },
});
