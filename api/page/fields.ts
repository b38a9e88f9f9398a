/** Readers of JSON from the server: what is missing or of another kind is `undefined`, never a throw. */
export const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {}
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
export const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
export const timeOf = (value: unknown): number => (typeof value === 'string' ? Date.parse(value) : Number.NaN)
/** Of a decimal text; NaN where there is none. */
export const decimalOf = (value: unknown): number => (typeof value === 'string' ? Number(value) : Number.NaN)
