import type { Diagnostic } from '../core/rules/diagnostic.ts'
import { pointerTo } from '../core/rules/diagnostic.ts'

const MOST_DEPTH = 32
const MOST_VALUES = 50_000

/**
 * Why a parsed JSON value cannot be kept: PostgreSQL and Avro hold no NUL and no half of a surrogate pair, JSON no number that
 * is infinite (1e999), and what is nested a thousandfold breaks whoever walks it. `undefined`: it can. Never throws.
 */
export function unkeepable(value: unknown): Diagnostic | undefined {
  const waiting: { readonly value: unknown; readonly pointer: string; readonly depth: number }[] = [
    { value, pointer: '', depth: 0 },
  ]
  for (let seen = 0; ; seen++) {
    const next = waiting.pop()
    if (next === undefined) return undefined
    const { value: one, pointer, depth } = next
    if (depth > MOST_DEPTH || seen > MOST_VALUES) return wrong('E106', '', 'The document is too large or too deep.')
    if (typeof one === 'string' && !isKeepable(one))
      return wrong('E201', pointer, 'The text holds a NUL or half a character.')
    if (typeof one === 'number' && !Number.isFinite(one)) return wrong('E201', pointer, 'The number is too large.')
    if (typeof one !== 'object' || one === null) continue
    for (const [name, member] of Object.entries(one)) {
      if (!isKeepable(name)) return wrong('E201', pointer, 'A name holds a NUL or half a character.')
      waiting.push({ value: member, pointer: pointerTo(pointer, name), depth: depth + 1 })
    }
  }
}

const isKeepable = (text: string): boolean => text.isWellFormed() && !text.includes('\0')

const wrong = (code: string, pointer: string, message: string): Diagnostic => ({
  code,
  pointer,
  from: undefined,
  to: undefined,
  message,
})
