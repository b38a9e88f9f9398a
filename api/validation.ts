import type { z } from 'zod'

const MOST = 20

/** One line that names every field with a problem, unknown ones too; of very many the first. */
export function describe(error: z.ZodError): string {
  const problems = problemsOf(error)
  const more = problems.length > MOST ? [`and ${problems.length - MOST} more`] : []
  return [...problems.slice(0, MOST), ...more].join('; ')
}

const problemsOf = (error: z.ZodError): readonly string[] =>
  error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => `${key.slice(0, 64)}: unknown`)
      : [`${issue.path.join('.') || '(message)'}: ${issue.message}`],
  )
