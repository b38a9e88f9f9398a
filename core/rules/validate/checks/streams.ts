import type { Compiling } from '../../compile/compiling.ts'
import { pointerTo, type Diagnostic } from '../../diagnostic.ts'
import type { Rule, Scope } from '../../document.ts'
import type { Stream } from '../../events.ts'
import { takesOf } from '../../compile/takes.ts'
import { wrong } from '../../read/shape.ts'

/** What each scope's input brings (rules.md section 2). */
export const SCOPE_STREAMS: Readonly<Record<Scope, readonly Stream[]>> = {
  asset: ['trade', 'quote', 'best', 'opportunity', 'candle', 'match', 'gap'],
  exchange: ['trade', 'quote', 'opportunity', 'match', 'gap'],
  pair: ['candle', 'spread', 'opportunity', 'match'],
}

/** E203: streams that the scope does not have, or a step asks for but the rule does not watch. */
export function checkStreams(rule: Rule, { on }: Compiling): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  const scope = rule.scope ?? 'asset'
  const known = SCOPE_STREAMS[scope]
  const inScope = (stream: Stream, at: string): boolean =>
    known.includes(stream) ||
    wrong(
      diagnostics,
      at,
      `There is no ${stream} in the scope "${scope}", which has ${known.join(', ')}.${scopesOf(stream)}`,
      'E203',
    )
  for (const [index, stream] of on.entries())
    inScope(stream, typeof rule.on === 'string' ? '/on' : pointerTo('/on', index))
  for (const [name, one] of Object.entries(rule.let ?? {}))
    if (typeof one !== 'string' && one.on !== undefined) inScope(one.on, pointerTo('/let', name, 'on'))

  const watched = (stream: Stream | undefined, at: string): boolean =>
    stream === undefined ||
    on.includes(stream) ||
    wrong(
      diagnostics,
      at,
      `This step waits for ${stream}, but the rule watches ${on.join(', ')} only; add ${stream} to "on".`,
      'E203',
    )
  for (const [index, step] of (rule.pattern?.steps ?? []).entries())
    if ('not' in step) watched(step.not.on, pointerTo('/pattern/steps', index, 'not', 'on'))
  for (const { step, pointer } of rule.pattern === undefined ? [] : takesOf(rule.pattern))
    watched(step.on, pointerTo(pointer, 'on'))
  return diagnostics
}

function scopesOf(stream: Stream): string {
  const scopes = Object.entries(SCOPE_STREAMS).flatMap(([scope, streams]) => (streams.includes(stream) ? [scope] : []))
  return ` Scopes with ${stream}: ${scopes.join(', ')}.`
}
