import type { Decoder } from '../io/registry.ts'
import { messageOf } from './database.ts'

const PATIENCE_MS = 60_000
const ASK_AGAIN_MS = 60_000
const AT_MOST_AT_ONCE = 8

/** What a schema id turned out to be; `gone`: the slot was lost while waiting. */
export type Learned = 'known' | 'unknown' | 'gone'

export type SchemaLearner = {
  /**
   * Waits for a schema: 60 s if the registry does not know the id (from then on it is `unknown` at once, and asked for in
   * the background each 60 s), for ever while the registry does not answer.
   */
  resolve(id: number, alive: () => Promise<boolean>): Promise<Learned>
  /** Ids that some slot waits for now. */
  waiting(): readonly number[]
}

type Answer = 'known' | 'unknown' | 'away'

export function schemaLearner(deps: {
  readonly decoder: Pick<Decoder<unknown>, 'learn'>
  readonly wait: (ms: number) => Promise<void>
  readonly nowMs: () => number
  readonly warn: (fields: object, text: string) => void
}): SchemaLearner {
  const asking = new Map<number, Promise<Answer>>()
  const since = new Map<number, number>()
  const givenUp = new Map<number, number>()
  const waiting = new Map<number, number>()

  /** One request per id, whatever the number of slots and records. */
  const ask = (id: number): Promise<Answer> => {
    const under = asking.get(id)
    if (under !== undefined) return under
    if (asking.size >= AT_MOST_AT_ONCE) return Promise.resolve('away')
    const answer = deps.decoder
      .learn(id)
      .then(
        (known): Answer => (known ? 'known' : 'unknown'),
        (error: unknown): Answer => {
          deps.warn({ schemaId: id, error: messageOf(error) }, 'registry_not_answering')
          return 'away'
        },
      )
      .finally(() => asking.delete(id))
    asking.set(id, answer)
    return answer
  }

  const giveUp = (id: number): Learned => {
    givenUp.set(id, deps.nowMs())
    since.delete(id)
    deps.warn({ schemaId: id, waitedMs: PATIENCE_MS }, 'schema_given_up')
    return 'unknown'
  }

  const known = (id: number): Learned => {
    since.delete(id)
    givenUp.delete(id)
    return 'known'
  }

  const patiently = async (id: number, alive: () => Promise<boolean>): Promise<Learned> => {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await ask(id)
      if (answer === 'known') return known(id)
      if (answer === 'unknown') {
        // Another slot waited for the same id and has given up: one patience for all.
        if (givenUp.has(id)) return 'unknown'
        const first = since.get(id)
        if (first === undefined) deps.warn({ schemaId: id, patienceMs: PATIENCE_MS }, 'schema_unknown')
        since.set(id, first ?? deps.nowMs())
        if (deps.nowMs() - (first ?? deps.nowMs()) >= PATIENCE_MS) return giveUp(id)
      }
      await deps.wait(Math.min(2000, 250 * 2 ** attempt))
      if (!(await alive())) return 'gone'
    }
  }

  return {
    async resolve(id, alive) {
      const gaveUpAt = givenUp.get(id)
      if (gaveUpAt !== undefined) {
        if (deps.nowMs() - gaveUpAt >= ASK_AGAIN_MS) {
          givenUp.set(id, deps.nowMs())
          void ask(id).then((answer) => (answer === 'known' ? known(id) : undefined))
        }
        return 'unknown'
      }
      waiting.set(id, (waiting.get(id) ?? 0) + 1)
      try {
        return await patiently(id, alive)
      } finally {
        const left = (waiting.get(id) ?? 1) - 1
        if (left === 0) waiting.delete(id)
        else waiting.set(id, left)
      }
    },
    waiting: () => [...waiting.keys()],
  }
}
