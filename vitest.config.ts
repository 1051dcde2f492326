import { defineConfig } from 'vitest/config'

const config: ReturnType<typeof defineConfig> = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A test that waits has a limit of its own; this one only ends what hangs.
    testTimeout: 20_000,
  },
})
export default config
