const DURATION = /^(\d{1,9})(ms|s|m|h|d)$/
const MICROS: ReadonlyMap<string, number> = new Map([
  ['ms', 1000],
  ['s', 1_000_000],
  ['m', 60_000_000],
  ['h', 3_600_000_000],
  ['d', 86_400_000_000],
])

export const LONGEST_MICROS = 86_400_000_000

/** Microseconds of '250ms', '5s', '10m', '2h', '1d'; `undefined` if the text is no such length. May be 0 or above 24 h. */
export function durationMicros(text: string): number | undefined {
  const parts = DURATION.exec(text)
  const unit = MICROS.get(parts?.[2] ?? '')
  return parts === null || unit === undefined ? undefined : Number(parts[1]) * unit
}

const UNITS = [...MICROS].toReversed()

/** As a rule would write it: 3,600,000,000 is '1h', 90 s are '90s'. */
export function durationText(micros: number): string {
  const [unit, length] = UNITS.find(([, one]) => micros % one === 0) ?? ['ms', 1000]
  return `${micros / length}${unit}`
}
