import { z } from 'zod'
import { HttpFailure } from './problem.ts'

const shape = z.tuple([z.string().max(64), z.string().max(64)])

/** Where a page of prices ended: its last symbol and exchange. */
export type Cursor = { readonly symbol: string; readonly exchange: string }

/** Opaque to clients, so that what pages are ordered by may change. */
export const writeCursor = ({ symbol, exchange }: Cursor): string =>
  Buffer.from(JSON.stringify([symbol, exchange])).toString('base64url')

/** Throws BAD_CURSOR. */
export function readCursor(text: string): Cursor {
  try {
    const [symbol, exchange] = shape.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
    return { symbol, exchange }
  } catch {
    throw new HttpFailure('BAD_CURSOR')
  }
}
