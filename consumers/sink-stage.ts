import { PipelineError } from '../core/errors.ts'
import { slotName, type Incoming, type Stage, type Turn } from '../io/kafka/port.ts'
import { tailOf } from '../io/kafka/tail.ts'
import type { Letter } from '../io/dead-letters.ts'
import { sinkWriter, type Lane, type Outcome } from './sink-write.ts'
import type { Entry, Sink, SinkDeps } from './sink.ts'

/** A statement takes 8 ms at this size; larger ones gain little and hold their locks longer. */
const MAX_ROWS = 1000

/**
 * The shell of every sink: decodes, sieves and stores a slot's records, exactly once, by compare-and-set in the statement
 * of the rows (reliability.md section 4). The offset row says where to go on, not the consumer group.
 */
export function sinkStage<Value, Memory>(deps: SinkDeps<Value>, sink: Sink<Value, Memory>): Stage {
  const { log, maxRows = MAX_ROWS } = deps
  const writer = sinkWriter(deps, sink)
  const lanes = new Map<string, Lane<Memory>>()
  /** One object per assignment; a slot that comes back gets another, so that work of before knows itself outdated. */
  const claims = new Map<string, object>()

  /** Decodes; a fault becomes a letter. `undefined`: the slot was lost while waiting for a schema. */
  async function read(
    lane: Lane<Memory>,
    records: readonly Incoming[],
    turn: Turn,
  ): Promise<Decoded<Value> | undefined> {
    const entries: Entry<Value>[] = []
    const letters: Letter[] = []
    for (const record of records) {
      let decoding = sink.decoder.decode(record.value)
      if (decoding.kind === 'unknown-schema') {
        const learned = await deps.learner.resolve(decoding.id, () => turn.alive())
        if (learned === 'gone') return undefined
        if (learned === 'known') decoding = sink.decoder.decode(record.value)
      }
      if (decoding.kind === 'value') {
        const error = sink.faultOf(decoding.value)
        if (error === undefined) entries.push({ record, offset: record.offset, value: decoding.value })
        else letters.push({ slot: lane.slot, record, error })
      } else {
        const error = decoding.kind === 'fault' ? decoding.reason : `unknown schema: ${decoding.id}`
        letters.push({ slot: lane.slot, record, error })
      }
    }
    return { entries, letters }
  }

  async function store(lane: Lane<Memory>, records: readonly Incoming[], turn: Turn): Promise<Outcome> {
    const last = records.at(-1)
    if (last === undefined) return 'moved'
    const decoded = await read(lane, records, turn)
    if (decoded === undefined) return 'lost'
    const { entries, letters } = decoded
    // Letters first: a crash between leaves a repeat there, the other order a loss.
    await deps.deadLetters.put(letters)
    const fresh = sink.fresh(lane.memory, entries)
    const duplicate = entries.length - fresh.length
    deps.observer.sifted({ in: records.length, fresh: fresh.length, duplicate, fault: letters.length })
    return writer.write(lane, { entries: fresh, to: last.offset + 1, tail: tailOf(last) }, turn)
  }

  return {
    async assigned(slot) {
      const name = slotName(slot)
      const claim = {}
      claims.set(name, claim)
      const isOurs = (): boolean => claims.get(name) === claim && !deps.stopped()
      const found = await writer.restore(slot, () => Promise.resolve(isOurs()))
      // Nobody waits for the answer any more; where the reader still does, it asks again.
      if (found === undefined || !isOurs()) {
        throw new PipelineError('WRONG_USE', `${name} is no longer ours`, { retriable: true })
      }
      lanes.set(name, { slot, ...found })
      log.info({ consumer: sink.consumer, slot: name, next: found.next }, 'slot_resumed')
      return found.next
    },

    async batch(slot, records, turn) {
      const first = records[0]?.offset ?? 0
      const lane = lanes.get(slotName(slot))
      if (lane === undefined) return first
      let left = records.filter(({ offset }) => offset >= lane.next)
      while (left.length > 0) {
        if (lanes.get(slotName(slot)) !== lane || deps.stopped() || !(await turn.alive())) break
        const outcome = await store(lane, left.slice(0, maxRows), turn)
        // A database that lost its last moments asks for records below these: the reader goes back to them.
        if (outcome === 'lost' || lane.next < first) break
        left = left.filter(({ offset }) => offset >= lane.next)
      }
      return lane.next
    },

    released(slot) {
      claims.delete(slotName(slot))
      lanes.delete(slotName(slot))
    },
  }
}

type Decoded<Value> = { readonly entries: readonly Entry<Value>[]; readonly letters: readonly Letter[] }
