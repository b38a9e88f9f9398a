import { defineConfig } from 'vitest/config'

const SERIAL = { fileParallelism: false, testTimeout: 60_000, hookTimeout: 180_000 }
const STACK = { ...SERIAL, globalSetup: ['tests/support/global-stack.ts'] }

export default defineConfig({
  test: {
    // .ci/run counts from this file.
    reporters:
      process.env['CI'] === undefined
        ? ['default']
        : ['default', ['json', { outputFile: '.crosstide/test-results.json' }]],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/**/*.{contract,integration,browser,long}.test.ts'],
        },
      },
      { test: { name: 'contract', include: ['tests/**/*.contract.test.ts'], ...STACK } },
      { test: { name: 'integration', include: ['tests/**/*.integration.test.ts'], ...STACK } },
      { test: { name: 'browser', include: ['tests/**/*.browser.test.ts'], ...STACK } },
      { test: { name: 'long', include: ['tests/**/*.long.test.ts'], ...STACK } },
    ],
  },
})
