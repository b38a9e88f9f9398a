import { slotName, type Incoming, type Outgoing, type Ranges, type Slot, type Stored } from '../../../io/kafka/port.ts'

/** A log in memory, as far as the protocol of processors needs one: it appends at the end and reads ranges. */
export type MemoryLog = Pick<Ranges, 'bounds' | 'read' | 'atTime'> & {
  records(slot: Slot): readonly Incoming[]
  /** Records of several slots, those of one in the order given. */
  append(outgoing: readonly Outgoing[]): readonly Stored[]
}

export function memoryLog(): MemoryLog {
  const slots = new Map<string, Incoming[]>()
  const of = (slot: Slot): Incoming[] => {
    const name = slotName(slot)
    const records = slots.get(name) ?? []
    slots.set(name, records)
    return records
  }
  return {
    records: of,
    append: (outgoing) =>
      outgoing.map(({ topic, partition, ...body }) => {
        const records = of({ topic, partition })
        const first = records.length
        records.push({ ...body, offset: first })
        return { topic, partition, first, count: 1 }
      }),
    bounds: async (slot) => ({ first: 0, end: of(slot).length }),
    async atTime(slot, timestampMs) {
      const found = of(slot).findIndex((record) => record.timestampMs >= timestampMs)
      return found < 0 ? of(slot).length : found
    },
    async *read(slot, from, to) {
      yield of(slot).slice(from, to)
    },
  }
}
