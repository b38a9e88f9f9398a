import type { z } from 'zod'

/** One line that names every field with a problem, unknown ones too. */
export const describe = (error: z.ZodError): string => problemsOf(error).join('; ')

export const problemsOf = (error: z.ZodError): readonly string[] =>
  error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => `${key.slice(0, 64)}: unknown`)
      : [`${issue.path.join('.') || '(message)'}: ${issue.message}`],
  )
