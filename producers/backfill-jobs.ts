import { missesNothing, type Gap, type Tick } from '../core/tick.ts'

/** A gap on the log: of one symbol, or of a session in one partition. Copies of one record are one job. */
export type Job = Omit<Noticed, 'partition'> & { readonly gap: Gap; readonly partitions: readonly number[] }

/** `followed`: the exchange's symbols of that partition when the gap was written, `undefined` if another process wrote it. */
export type Noticed = {
  readonly tick: Tick
  readonly partition: number
  readonly followed?: ReadonlySet<string> | undefined
}

/** What a gap's record is known by. */
export const jobKey = ({ tick, partition }: Noticed): string =>
  `${tick.session}/${tick.ordinal}${tick.symbol === '' ? `/${partition}` : ''}`

/** Whether a record says that something of its symbol may be missing that REST could tell. */
export const isFillable = ({ payload }: Tick): boolean =>
  payload.kind === 'gap' && !missesNothing(payload) && !payload.backfilled

/** Whether a record closes that gap. */
export const closes = (one: Tick, { tick, gap }: Pick<Job, 'tick' | 'gap'>): boolean =>
  one.payload.kind === 'gap' &&
  one.payload.backfilled &&
  one.exchange === tick.exchange &&
  one.symbol === tick.symbol &&
  one.payload.reason === gap.reason &&
  one.payload.from === gap.from &&
  one.payload.to === gap.to

/** Jobs of gap records, each once, in the order of their gaps' beginnings. */
export function jobsOf(noticed: readonly Noticed[]): readonly Job[] {
  const jobs = new Map<string, Job>()
  for (const one of noticed) {
    const { tick, partition, followed } = one
    if (tick.payload.kind !== 'gap' || !isFillable(tick)) continue
    const key = jobKey(one)
    const before = jobs.get(key)?.partitions ?? []
    if (!before.includes(partition))
      jobs.set(key, { tick, followed, gap: tick.payload, partitions: [...before, partition] })
  }
  return [...jobs.values()].toSorted((a, b) => a.gap.from - b.gap.from)
}
