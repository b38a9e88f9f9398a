/** A decimal text with thousands separated and at least so many fraction digits, so that a column does not jump. */
export function priceText(decimal: string | undefined, fractionDigits: number): string {
  if (decimal === undefined) return '–'
  const [whole = '', fraction = ''] = decimal.split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  const padded = fraction.padEnd(fractionDigits, '0')
  return padded === '' ? grouped : `${grouped}.${padded}`
}

export const fractionDigits = (decimal: string | undefined): number => decimal?.split('.')[1]?.length ?? 0

export const spreadText = (bps: number | undefined): string =>
  bps === undefined ? '–' : bps.toFixed(bps < 10 ? 2 : bps < 100 ? 1 : 0)

export function ageText(ms: number): string {
  if (ms < 9950) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`
}

export const durationText = (ms: number | undefined): string => {
  if (ms === undefined) return '–'
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
  return ageText(ms)
}

export const rateText = (perSecond: number): string =>
  perSecond >= 100 ? Math.round(perSecond).toLocaleString('en') : perSecond.toFixed(1)

/** Day and time in UTC. */
export const dateText = (ms: number): string =>
  Number.isFinite(ms) ? new Date(ms).toISOString().slice(5, 19).replace('T', ' ') : '–'

/** Time of day in UTC: what several exchanges and readers have in common. */
export const clockText = (ms: number): string => (Number.isFinite(ms) ? new Date(ms).toISOString().slice(11, 19) : '–')
