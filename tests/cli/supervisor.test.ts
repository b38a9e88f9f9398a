import { describe, expect, test } from 'vitest'
import { lastWords } from '../../cli/supervisor.ts'

describe('last words of a role', () => {
  test('are the message of its fatal line, read as JSON', () => {
    const line =
      '{"level":"fatal","time":"x","err":{"type":"PipelineError","message":"the script \\"a\\" has problems:\\n  line 1","stack":"PipelineError: no"},"msg":"service_crashed"}'
    expect(lastWords(`{"level":"info"}\n${line}\nnoise`)).toBe('the script "a" has problems:\n  line 1')
  })

  test('are its log as it is where it died without one', () => expect(lastWords('Killed')).toBe('\nKilled'))
})
