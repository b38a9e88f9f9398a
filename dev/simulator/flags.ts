import { parseArgs } from 'node:util'
import { z } from 'zod'
import { PipelineError } from '../../core/errors.ts'

/** Of `crosstide run simulator`: faults as `kraken:disconnect:code=1012`, the share of the exchanges' limits, faults a minute. */
export type Flags = { readonly fault: readonly string[]; readonly limits: number; readonly mischief: number }

const flags = z.object({
  fault: z.array(z.string()).default([]),
  limits: z.coerce.number().positive().default(1),
  mischief: z.coerce.number().min(0).max(600).default(0),
})

/** Throws WRONG_USE that names what it does not know. */
export function parseFlags(args: readonly string[]): Flags {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { fault: { type: 'string', multiple: true }, limits: { type: 'string' }, mischief: { type: 'string' } },
    })
    return flags.parse(values)
  } catch (cause) {
    const why =
      cause instanceof z.ZodError ? cause.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) : []
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new PipelineError('WRONG_USE', `simulator: ${why.length > 0 ? why.join('; ') : said}`, { cause })
  }
}
