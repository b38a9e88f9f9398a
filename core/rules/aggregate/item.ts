import type { AggregateName } from '../document.ts'
import type { Expression, Frame } from '../frame.ts'

/**
 * What an aggregate takes of one event: `of`'s first and second value; a text that is asked for stands in `text`. `open`: of
 * candles, where a window counts them.
 */
export type Item = { at: number; open: number; a: number; b: number; text: string | undefined }

/** Fills the item that is handed in; false if a value is absent. */
export type Take = (frame: Frame, item: Item) => boolean

export const blankItem = (): Item => ({ at: 0, open: 0, a: 0, b: 0, text: undefined })

/** -0 is 0: which of the two a window holds must not depend on which came first. */
const plain = (x: number): number => x + 0

export function takeOf(of: readonly Expression[]): Take {
  const [first, second] = of
  const takeFirst = takeOne(first, false)
  if (second === undefined) return takeFirst
  const takeSecond = takeOne(second, true)
  return (frame, item) => takeFirst(frame, item) && takeSecond(frame, item)
}

function takeOne(expression: Expression | undefined, isSecond: boolean): Take {
  if (expression === undefined)
    return (frame, item) => {
      item.at = frame.now
      return true
    }
  if (expression.type === 'string') {
    const { read } = expression
    return (frame, item) => {
      item.at = frame.now
      item.text = read(frame)
      return item.text !== undefined
    }
  }
  if (expression.type === 'bool') {
    const { read } = expression
    return (frame, item) => {
      item.at = frame.now
      return read(frame) !== undefined
    }
  }
  const { read } = expression
  if (isSecond)
    return (frame, item) => {
      item.b = plain(read(frame))
      return !Number.isNaN(item.b)
    }
  return (frame, item) => {
    item.at = frame.now
    item.a = plain(read(frame))
    return !Number.isNaN(item.a)
  }
}

/** Whether the value of the aggregate, not only its order, is a text. */
export const ofText = (agg: AggregateName, of: readonly Pick<Expression, 'type'>[]): boolean =>
  (agg === 'argmin' || agg === 'argmax' ? of[1] : of[0])?.type === 'string'
