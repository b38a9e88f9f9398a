import { z } from 'zod'

/** What one program says of one job; a line of JSON on its standard output. */
const MEASURED = z.strictObject({
  job: z.string(),
  matches: z.number(),
  eventsPerSecond: z.number(),
  /** Per second of the thread's own processor time: what others do on the machine counts less. */
  eventsPerCpuSecond: z.number(),
  /** Per event, in a run of its own that times each. */
  p50Nanos: z.number(),
  p99Nanos: z.number(),
  p999Nanos: z.number(),
  rssKib: z.number(),
})
export type Measured = z.output<typeof MEASURED>

export const readMeasured = (line: string): Measured => MEASURED.parse(JSON.parse(line))
