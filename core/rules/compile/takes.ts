import { pointerTo } from '../diagnostic.ts'
import type { Pattern, SingleStep } from '../document.ts'

/** A step that takes events: `place` among the pattern's steps, which alternatives of one share. */
export type TakeOf = { readonly step: SingleStep; readonly place: number; readonly pointer: string }

/** In order of writing, which is the order of their names. */
export const takesOf = ({ steps }: Pattern): readonly TakeOf[] =>
  steps.flatMap((step, place): readonly TakeOf[] => {
    const pointer = pointerTo('/pattern/steps', place)
    if ('not' in step) return []
    if ('any' in step)
      return step.any.map((one, part) => ({ step: one, place, pointer: pointerTo(pointer, 'any', part) }))
    if ('all' in step)
      return step.all.map((one, part) => ({ step: one, place, pointer: pointerTo(pointer, 'all', part) }))
    return [{ step, place, pointer }]
  })
