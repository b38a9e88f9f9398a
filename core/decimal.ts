const PLAIN = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/** Digits that every double reproduces: a decimal text this short always prints back (IEEE 754, DBL_DIG = 15). */
const SAFE_DIGITS = 15

/** The double nearest to a decimal text; `undefined` if the text is no decimal number or leaves the range of doubles. */
export function parseDecimal(text: string): number | undefined {
  if (!PLAIN.test(text)) return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}

/**
 * Whether a double prints back to the decimal text it was read from, trailing zeros and exponent form aside. A price that
 * does not would be another price.
 */
export function printsBack(text: string, value: number): boolean {
  return text.length <= SAFE_DIGITS || canonical(text) === canonical(String(value))
}

/** Sign, significant digits and power of ten: one form for `0.00120`, `1.2e-3` and `.0012`. */
function canonical(text: string): string {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e')
  const sign = mantissa.startsWith('-') ? '-' : ''
  const [whole = '', fraction = ''] = mantissa.replace(/^-/, '').split('.')
  const digits = (whole + fraction).replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0'
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`
}
