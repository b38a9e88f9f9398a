// ECMAScript leaves the last bits of Math.log and Math.exp to the engine; a replay elsewhere must give the same ones. Both
// functions are those of fdlibm (e_log.c, e_exp.c, Sun Microsystems 1993, "permission to use, copy, modify, and distribute
// this software is freely granted"): only + − × ÷ and the exponent's bits, in the order written there; error < 1 ulp.

const BITS = new DataView(new ArrayBuffer(8))

/** Sign, exponent and the first 20 bits of the fraction, as a signed integer. */
function highWord(x: number): number {
  BITS.setFloat64(0, x)
  return BITS.getInt32(0)
}

function withHighWord(x: number, high: number): number {
  BITS.setFloat64(0, x)
  BITS.setInt32(0, high)
  return BITS.getFloat64(0)
}

const LN2_HIGH = 6.9314718036912381649e-1
const LN2_LOW = 1.90821492927058770002e-10

/** Natural logarithm; −Infinity of 0, NaN of what is negative. */
export function ln(argument: number): number {
  if (!(argument > 0) || argument === Infinity) return argument === 0 ? -Infinity : argument > 0 ? argument : NaN
  // argument = 2^k · (1 + f), sqrt(2)/2 < 1 + f < sqrt(2)
  const subnormal = argument < 2.2250738585072014e-308
  const x = subnormal ? argument * 18_014_398_509_481_984 : argument
  const high = highWord(x)
  const fraction = high & 0xfffff
  const halve = (fraction + 0x95f64) & 0x100000
  const k = (subnormal ? -54 : 0) + (high >> 20) - 1023 + (halve >> 20)
  const f = withHighWord(x, fraction | (halve ^ 0x3ff00000)) - 1
  if ((0xfffff & (2 + fraction)) < 3) {
    if (f === 0) return k === 0 ? 0 : k * LN2_HIGH + k * LN2_LOW
    const r = f * f * (0.5 - 0.3333333333333333 * f)
    return k === 0 ? f - r : k * LN2_HIGH - (r - k * LN2_LOW - f)
  }
  const s = f / (2 + f)
  const z = s * s
  const w = z * z
  const even = w * (3.999999999940941908e-1 + w * (2.222219843214978396e-1 + w * 1.531383769920937332e-1))
  const odd =
    z *
    (6.66666666666673513e-1 +
      w * (2.857142874366239149e-1 + w * (1.818357216161805012e-1 + w * 1.479819860511658591e-1)))
  const r = odd + even
  if (((fraction - 0x6147a) | (0x6b851 - fraction)) > 0) {
    const half = 0.5 * f * f
    return k === 0 ? f - (half - s * (half + r)) : k * LN2_HIGH - (half - (s * (half + r) + k * LN2_LOW) - f)
  }
  return k === 0 ? f - s * (f - r) : k * LN2_HIGH - (s * (f - r) - k * LN2_LOW - f)
}

/** e to the power of `x`; Infinity above 709.78, 0 below −745.13. */
export function exp(x: number): number {
  if (x !== x) return NaN
  if (x > 7.09782712893383973096e2) return Infinity
  if (x < -7.4513321910194110842e2) return 0
  const magnitude = highWord(x) & 0x7fffffff
  if (magnitude < 0x3e300000) return 1 + x
  // x = k · ln 2 + (high − low), |high − low| <= ln(2) / 2
  const negative = x < 0
  let k = 0
  if (magnitude > 0x3fd62e42)
    k = magnitude < 0x3ff0a2b2 ? (negative ? -1 : 1) : Math.trunc(1.442695040888963387 * x + (negative ? -0.5 : 0.5))
  const high = x - k * LN2_HIGH
  const low = k * LN2_LOW
  const r = k === 0 ? x : high - low
  const t = r * r
  const polynomial =
    1.66666666666666019037e-1 +
    t *
      (-2.77777777770155933842e-3 +
        t * (6.61375632143793436117e-5 + t * (-1.6533902205465251539e-6 + t * 4.13813679705723846039e-8)))
  const c = r - t * polynomial
  if (k === 0) return 1 - ((r * c) / (c - 2) - r)
  const y = 1 - (low - (r * c) / (2 - c) - high)
  return k >= -1021
    ? withHighWord(y, highWord(y) + k * 0x100000)
    : withHighWord(y, highWord(y) + (k + 1000) * 0x100000) * 9.3326361850321887899e-302
}
