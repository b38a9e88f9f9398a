import type { Log } from '../log.ts'

type Entry = {
  readonly namespace: string
  readonly label: string
  readonly log: { readonly message: string; readonly [field: string]: unknown }
}

/** Lines that mean data is about to be skipped or state was lost, whatever kafkajs does next. */
const ALARMING = /Offset out of range|Failed to execute listener/

/** They say of each try, once a second while a broker is away, what we say of the whole. */
const PER_TRY = new Set(['Connection', 'BrokerPool', 'Producer'])

/** Hands the lines of kafkajs to our log, a level lower: it calls every retry an error, and the owner reports what matters. */
export const writeTo =
  (log: Log, alarm: (reason: string) => void, isQuiet: () => boolean) =>
  ({ namespace, label, log: { message, timestamp: _time, logger: _name, stack: _stack, ...fields } }: Entry): void => {
    if (isQuiet()) return
    const facts = { namespace, ...fields }
    if (ALARMING.test(message)) {
      log.error(facts, message)
      alarm(`kafkajs: ${message}`)
    } else if ((label === 'ERROR' || label === 'WARN') && !PER_TRY.has(namespace)) log.warn(facts, message)
    else log.debug(facts, message)
  }
