import type { Renew } from '../document.ts'

/** Firing begins anew at its epoch multiples (rules.md section 6). */
export const RENEW_MICROS: Readonly<Record<Renew, number>> = {
  '15m': 900_000_000,
  '1h': 3_600_000_000,
  '6h': 21_600_000_000,
  '1d': 86_400_000_000,
}
export const DEFAULT_RENEW: Renew = '1h'
