import type { Exchange } from '../../core/tick.ts'

/** So much within any `perMs`. Who goes on `patience` times after a refusal is banned, each time twice as long. */
export type Allowance = {
  readonly count: number
  readonly perMs: number
  readonly patience: number
  readonly banMs: number
}

export type ExchangeLimits = {
  /** Connection attempts of one address. */
  readonly connects: Allowance
  /** REST, in the exchange's own weights, of one address. */
  readonly requests: Allowance
  /** What a client sends on one connection. */
  readonly messages: { readonly count: number; readonly perMs: number }
  /** What a banned address is answered; one that only asks too much: 429. */
  readonly bannedStatus: 403 | 418 | 429
}

export type Limits = Readonly<Record<Exchange, ExchangeLimits>>

const MINUTE = 60_000

/**
 * As documented, checked on 2026-11-21; where an exchange only says that it limits, what public clients assume. What
 * follows an overstep is documented by Binance (429, then 418 from two minutes on) and Kraken (ten minutes).
 */
export const LIMITS: Limits = {
  binance: {
    connects: { count: 300, perMs: 5 * MINUTE, patience: 10, banMs: 2 * MINUTE },
    requests: { count: 6000, perMs: MINUTE, patience: 10, banMs: 2 * MINUTE },
    messages: { count: 5, perMs: 1000 },
    bannedStatus: 418,
  },
  coinbase: {
    connects: { count: 8, perMs: 1000, patience: 20, banMs: MINUTE },
    requests: { count: 10, perMs: 1000, patience: 50, banMs: MINUTE },
    messages: { count: 8, perMs: 1000 },
    bannedStatus: 429,
  },
  kraken: {
    connects: { count: 150, perMs: 10 * MINUTE, patience: 0, banMs: 10 * MINUTE },
    requests: { count: 15, perMs: 15_000, patience: 20, banMs: 10 * MINUTE },
    messages: { count: 20, perMs: 1000 },
    bannedStatus: 429,
  },
  okx: {
    connects: { count: 3, perMs: 1000, patience: 20, banMs: MINUTE },
    requests: { count: 20, perMs: 2000, patience: 50, banMs: MINUTE },
    messages: { count: 480, perMs: 60 * MINUTE },
    bannedStatus: 403,
  },
  gate: {
    connects: { count: 100, perMs: MINUTE, patience: 20, banMs: MINUTE },
    requests: { count: 200, perMs: 10_000, patience: 50, banMs: MINUTE },
    messages: { count: 100, perMs: 1000 },
    bannedStatus: 429,
  },
}

/** The same limits with counts and times multiplied, so that a test reaches them; a count stays at least one. */
export function scaledLimits(limits: Limits, counts: number, times: number): Limits {
  const allowance = ({ count, perMs, patience, banMs }: Allowance): Allowance => ({
    count: Math.max(1, Math.round(count * counts)),
    perMs: perMs * times,
    patience: Math.round(patience * counts),
    banMs: banMs * times,
  })
  const scaled = (one: ExchangeLimits): ExchangeLimits => ({
    ...one,
    connects: allowance(one.connects),
    requests: allowance(one.requests),
    messages: { count: Math.max(1, Math.round(one.messages.count * counts)), perMs: one.messages.perMs * times },
  })
  const { binance, coinbase, kraken, okx, gate } = limits
  return {
    binance: scaled(binance),
    coinbase: scaled(coinbase),
    kraken: scaled(kraken),
    okx: scaled(okx),
    gate: scaled(gate),
  }
}

/** `banned`: not for this alone, and for long. A `Retry-After` is in whole seconds: {@link retryAfterSeconds}. */
export type Verdict =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'refused'; readonly status: number; readonly banned: boolean; readonly retryAfterMs: number }

/** What every address did lately and which are banned; sockets and REST share it. Time is an argument. */
export type Ledger = {
  /** An address tries to connect. */
  connect(exchange: Exchange, address: string, nowMs: number): Verdict
  /** An address asks REST for something of this weight. */
  request(exchange: Exchange, address: string, weight: number, nowMs: number): Verdict
  /** Whether a connection may send one more message; `sent` holds when it sent its last ones and is changed. */
  message(exchange: Exchange, sent: number[], nowMs: number): boolean
  /** An address was cut off for its messages; the third time within a ban's length it is banned. */
  offence(exchange: Exchange, address: string, nowMs: number): void
  /** Bans an address now, by script. */
  ban(exchange: Exchange, address: string, forMs: number, nowMs: number): void
}

const OFFENCES = 3

export function createLedger(limits: Limits): Ledger {
  const accounts = new Map<string, Account>()
  const accountOf = (exchange: Exchange, address: string): Account => {
    const name = `${exchange} ${address}`
    const account = accounts.get(name) ?? {
      connects: usage(),
      requests: usage(),
      offences: [],
      bannedUntil: 0,
      bans: 0,
    }
    accounts.set(name, account)
    return account
  }

  function spend(
    exchange: Exchange,
    account: Account,
    used: Usage,
    allowance: Allowance,
    weight: number,
    nowMs: number,
  ): Verdict {
    const { bannedStatus } = limits[exchange]
    const { bannedUntil } = account
    if (bannedUntil > nowMs)
      return { kind: 'refused', status: bannedStatus, banned: true, retryAfterMs: bannedUntil - nowMs }
    while ((used.times[0]?.at ?? nowMs) <= nowMs - allowance.perMs) used.times.shift()
    const sum = used.times.reduce((total, one) => total + one.weight, 0)
    if (sum + weight <= allowance.count) {
      used.times.push({ at: nowMs, weight })
      used.refusals = 0
      return { kind: 'allowed' }
    }
    used.refusals += 1
    if (used.refusals > allowance.patience) {
      used.refusals = 0
      banAccount(account, allowance.banMs, nowMs)
      return { kind: 'refused', status: bannedStatus, banned: true, retryAfterMs: account.bannedUntil - nowMs }
    }
    const retryAfterMs = (used.times[0]?.at ?? nowMs) + allowance.perMs - nowMs
    return { kind: 'refused', status: 429, banned: false, retryAfterMs }
  }

  return {
    connect(exchange, address, nowMs) {
      const account = accountOf(exchange, address)
      return spend(exchange, account, account.connects, limits[exchange].connects, 1, nowMs)
    },
    request(exchange, address, weight, nowMs) {
      const account = accountOf(exchange, address)
      return spend(exchange, account, account.requests, limits[exchange].requests, weight, nowMs)
    },
    message(exchange, sent, nowMs) {
      const { count, perMs } = limits[exchange].messages
      while ((sent[0] ?? nowMs) <= nowMs - perMs) sent.shift()
      sent.push(nowMs)
      return sent.length <= count
    },
    offence(exchange, address, nowMs) {
      const { banMs } = limits[exchange].connects
      const account = accountOf(exchange, address)
      account.offences = [...account.offences.filter((at) => at > nowMs - banMs), nowMs]
      if (account.offences.length < OFFENCES) return
      account.offences = []
      banAccount(account, banMs, nowMs)
    },
    ban(exchange, address, forMs, nowMs) {
      accountOf(exchange, address).bannedUntil = nowMs + forMs
    },
  }
}

/** As a header has it: whole seconds, never less than what is meant. */
export const retryAfterSeconds = (retryAfterMs: number): number => Math.ceil(retryAfterMs / 1000)

type Usage = { readonly times: { readonly at: number; readonly weight: number }[]; refusals: number }
type Account = {
  readonly connects: Usage
  readonly requests: Usage
  offences: readonly number[]
  bannedUntil: number
  bans: number
}

const usage = (): Usage => ({ times: [], refusals: 0 })

function banAccount(account: Account, banMs: number, nowMs: number): void {
  account.bannedUntil = nowMs + banMs * 2 ** Math.min(account.bans, 10)
  account.bans += 1
}
