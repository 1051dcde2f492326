import { defineConfig } from 'vitest/config'

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
          exclude: ['test/container/**', 'test/real/**'],
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
