import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

/** A service as a process of its own that fails by itself a moment after its start. */
function failing(error: string): { readonly status: number | null; readonly stderr: string } {
  const url = (path: string): string => JSON.stringify(new URL(`../../${path}`, import.meta.url).href)
  const script = `
    import { PipelineError } from ${url('core/errors.ts')}
    import { runService } from ${url('io/service.ts')}
    await runService('test', async ({ fail }) => {
      setTimeout(() => fail(${error}), 100)
      return { problems: () => [], figures: () => ({}), stop: async () => ({ unsent: 0 }) }
    })`
  const environment = { ...process.env, CROSSTIDE_OPS_PORT: '0', LOG_LEVEL: 'silent' }
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    env: environment,
    encoding: 'utf8',
    timeout: 20_000,
  })
  return { status, stderr }
}

test.each([
  ['2 and says why where an operator must help', `new PipelineError('TOPIC_MISSING', 'no topic T')`, 2, /no topic T/],
  ['1 where a restart may help', `new PipelineError('KAFKA_UNAVAILABLE', '', { retriable: true })`, 1, /./],
  ['1 at a bug', `new TypeError('a bug')`, 1, /^$/],
])('a service that fails while it runs ends with %s', (_how, error, status, stderr) => {
  expect(failing(error)).toEqual({ status, stderr: expect.stringMatching(stderr) })
})
