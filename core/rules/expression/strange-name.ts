import { VALUE_FUNCTIONS } from './functions.ts'

/** Names that other languages know, where the place knows none such. */
export function strangeName(name: string): string | undefined {
  const lower = name.toLowerCase()
  if (['null', 'nil', 'none', 'undefined', 'nan'].includes(lower))
    return `there is no \`${name}\`: \`has(x)\` asks whether a value is there, \`orElse(x, y)\` takes another if not`
  if (lower === 'true' || lower === 'false') return `write \`${lower}\``
  const known = VALUE_FUNCTIONS.get(name)
  return known === undefined ? undefined : `\`${name}\` is a function: write \`${known.usage}\``
}
