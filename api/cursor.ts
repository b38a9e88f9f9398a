import { z } from 'zod'
import { HttpFailure } from './problem.ts'

/** PostgreSQL takes no NUL in a text: a forged cursor is a 400, not a failed query. */
const part = z
  .string()
  .max(128)
  .regex(/^[^\0]*$/)
const shape = z.array(part).max(8)

/** Where a page of prices ended: its last symbol and exchange. */
export type Cursor = { readonly symbol: string; readonly exchange: string }

/** Opaque to clients, so that what pages are ordered by may change. */
export const writeCursor = ({ symbol, exchange }: Cursor): string => writeParts([symbol, exchange])

/** Throws BAD_CURSOR. */
export function readCursor(text: string): Cursor {
  const [symbol, exchange] = readParts(text, [/^.{0,64}$/su, /^.{0,64}$/su])
  return { symbol: symbol ?? '', exchange: exchange ?? '' }
}

export const writeParts = (parts: readonly string[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url')

/** What one part of a cursor must look like. */
export type Pattern = { test(part: string): boolean }

/** As many parts as there are patterns, each of its pattern; throws BAD_CURSOR. */
export function readParts(text: string, patterns: readonly Pattern[]): readonly string[] {
  const parts = shape.safeParse(jsonOf(text)).data
  if (parts?.length !== patterns.length || !parts.every((one, index) => patterns[index]?.test(one)))
    throw new HttpFailure('BAD_CURSOR')
  return parts
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    return undefined
  }
}
