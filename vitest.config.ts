import { defineConfig } from 'vitest/config'

/** Thousands of processes: what runs beside them finds no room for its own. */
const crowd = 'test/e2e/many-daemons.test.ts'

const config: ReturnType<typeof defineConfig> = defineConfig({
  test: {
    // A test that waits has a limit of its own; this one only ends what hangs.
    testTimeout: 60_000,
    // Tests with processes mostly wait, so four of them keep two cores busy. Vitest's own number is
    // one worker fewer than there are cores.
    maxWorkers: 4,
    projects: [
      {
        extends: true,
        test: {
          name: 'here',
          include: ['test/**/*.test.ts'],
          exclude: ['test/container/**', 'test/real/**', crowd],
        },
      },
      {
        extends: true,
        test: {
          name: 'crowd',
          include: [crowd],
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: ['test/real/**/*.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'docker',
          include: ['test/container/**/*.test.ts'],
          globalSetup: ['test/container/setup.ts'],
          testTimeout: 120_000,
        },
      },
    ],
  },
})
export default config
