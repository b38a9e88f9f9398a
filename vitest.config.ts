import { defineConfig } from 'vitest/config'

// One project after the other and one file at a time: tests that kill brokers and tests that wait for them share few processors.
const SERIAL = { fileParallelism: false, testTimeout: 60_000, hookTimeout: 180_000 }
const STACK = { ...SERIAL, globalSetup: ['tests/support/global-stack.ts'] }
const LONG = { test: { name: 'long', include: ['tests/**/*.long.test.ts'], sequence: { groupOrder: 4 }, ...STACK } }

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
          // For machines that do much else; a unit test takes milliseconds.
          testTimeout: 20_000,
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/**/*.{contract,integration,browser,long}.test.ts'],
        },
      },
      { test: { name: 'contract', include: ['tests/**/*.contract.test.ts'], sequence: { groupOrder: 1 }, ...STACK } },
      {
        test: {
          name: 'integration',
          include: ['tests/**/*.integration.test.ts'],
          sequence: { groupOrder: 2 },
          ...STACK,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['tests/**/*.browser.test.ts'],
          sequence: { groupOrder: 3 },
          // A page beside a busy pipeline: a second, vitest's default, is too short for what needs several requests.
          expect: { poll: { timeout: 15_000 } },
          ...STACK,
        },
      },
      // Not part of `npm test`: nightly, by `npm run test:long`.
      ...(process.env['CROSSTIDE_LONG'] === undefined ? [] : [LONG]),
    ],
  },
})
