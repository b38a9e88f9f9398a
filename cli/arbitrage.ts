import { hostname, userInfo } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { ARBITRAGE_DOCUMENT, type ArbitrageConfig } from '../core/arbitrage/config.ts'
import { PipelineError } from '../core/errors.ts'
import { openAnnouncer } from '../io/announcer.ts'
import { parseArbitrage, type Ground } from '../io/arbitrage.ts'
import { loadConfig, readJson } from '../io/config.ts'
import { alone } from '../io/configuration-change.ts'
import {
  addDocument,
  documentInForce,
  documentOfEpoch,
  hashOfDocument,
  newestDocument,
} from '../io/control-documents.ts'
import type { Environment, Source } from '../io/environment.ts'
import { createLog } from '../io/log.ts'
import { openPool } from '../io/postgres.ts'
import { openRegistry } from '../io/registry.ts'
import { catalogue } from '../schemas/topics.ts'
import type { ConfigDeps } from './config.ts'
import { documentChanges } from './document-changes.ts'
import { connection } from './endpoints.ts'

/** `waitMs`: how long a version may take to stand in every partition. */
export type ArbitrageDeps = ConfigDeps & { readonly ground: Ground; readonly waitMs: number }
/** A file, or an earlier version of it. */
export type Wanted = { readonly file: string } | { readonly epoch: number }

const WAIT_MS = 30_000
const POLL_MS = 100
/** An event's details are for people; the whole document is in `control_documents`. */
const MOST_CHANGES = 2000

/** `crosstide arbitrage show`: the document in force. */
export async function arbitrageShow(
  environment: Environment,
  source: Source | undefined,
  json: boolean,
): Promise<number> {
  return showArbitrage(await depsOf(environment, source), json)
}

/** `crosstide arbitrage validate FILE`: throws BAD_CONFIG that names every field with a problem. */
export async function arbitrageValidate(environment: Environment, file: string): Promise<number> {
  const { exchanges, openBps } = await readFileOf(await loadConfig(environment.CROSSTIDE_CONFIG), file)
  process.stdout.write(`valid: fees of ${Object.keys(exchanges).length} exchanges, opens at ${openBps} bps\n`)
  return 0
}

/** `crosstide arbitrage set`: the processors go by it from its record in the log on; `dryRun` only says what would change. */
export async function arbitrageSet(
  environment: Environment,
  wanted: Wanted,
  { source, dryRun }: { readonly source: Source | undefined; readonly dryRun: boolean },
): Promise<number> {
  return setArbitrage(await depsOf(environment, source), wanted, dryRun)
}

async function depsOf(environment: Environment, source: Source | undefined): Promise<ArbitrageDeps> {
  const { brokers, registry, database } = await connection(environment, source)
  const config = await loadConfig(environment.CROSSTIDE_CONFIG)
  const log = createLog('cli', 'error')
  return {
    kafka: { brokers, clientId: 'crosstide-arbitrage', log },
    registry: openRegistry(registry),
    databaseUrl: database,
    topics: catalogue(config.partitions),
    log,
    by: `${userInfo().username}@${hostname()}`,
    print: (line) => void process.stdout.write(`${line}\n`),
    ground: config,
    waitMs: WAIT_MS,
  }
}

/** The document itself, or a configuration file that has it as `arbitrage`. */
async function readFileOf(ground: Ground, file: string): Promise<ArbitrageConfig> {
  const value = await readJson(file)
  const isConfiguration = typeof value === 'object' && value !== null && 'arbitrage' in value
  return parseArbitrage(ground, isConfiguration ? value.arbitrage : value, file)
}

export async function showArbitrage({ databaseUrl, log, print }: ArbitrageDeps, json: boolean): Promise<number> {
  const pool = openPool(databaseUrl, 'api_ro', log, 1)
  try {
    const newest = await newestDocument(pool, ARBITRAGE_DOCUMENT)
    if (newest === undefined) throw unpublished()
    const inForce = await documentInForce(pool, ARBITRAGE_DOCUMENT)
    if (json) {
      print(JSON.stringify(inForce ?? newest))
      return 0
    }
    if (inForce !== undefined) {
      const { epoch, author, publishedAt } = inForce
      print(`epoch ${epoch}, by ${author}, in force since ${publishedAt?.toISOString() ?? ''}`)
    }
    if (newest.publishedAt === undefined)
      print(
        `epoch ${newest.epoch}, by ${newest.author}, waits for the publisher since ${newest.createdAt.toISOString()}`,
      )
    print(JSON.stringify((inForce ?? newest).body, undefined, 2))
    return 0
  } finally {
    await pool.end()
  }
}

/** Adds the version if it differs from the newest one, says how, and waits until it stands in every partition. */
export async function setArbitrage(deps: ArbitrageDeps, wanted: Wanted, dryRun: boolean): Promise<number> {
  const { print, by } = deps
  const given = 'file' in wanted ? await readFileOf(deps.ground, wanted.file) : undefined
  const pool = openPool(deps.databaseUrl, 'ingest_rw', deps.log, 2)
  try {
    const outcome = await alone(pool, async (): Promise<Outcome> => {
      const newest = await newestDocument(pool, ARBITRAGE_DOCUMENT)
      const body = 'epoch' in wanted ? await earlier(pool, deps.ground, wanted.epoch) : given
      if (newest !== undefined && newest.hash === hashOfDocument(body)) return { kind: 'same', epoch: newest.epoch }
      const changes = documentChanges(newest?.body, body)
      if (dryRun) return { kind: 'asked', changes }
      const epoch = await addDocument(pool, ARBITRAGE_DOCUMENT, { body, author: by, fromFile: false })
      return { kind: 'added', epoch, changes }
    })
    for (const line of outcome.kind === 'same' ? [] : outcome.changes) print(line)
    if (outcome.kind === 'asked') return 0
    const { epoch } = outcome
    if (outcome.kind === 'added') await announce(deps, epoch, outcome.changes, wanted)
    const isPublished = await untilPublished(pool, epoch, deps.waitMs)
    const verb = outcome.kind === 'same' ? 'nothing changes; epoch' : 'epoch'
    const waits = 'waits: no publisher runs; start one with: npx crosstide run consumers control'
    print(
      isPublished
        ? `${verb} ${epoch} ${outcome.kind === 'same' ? 'stays' : 'is'} in effect`
        : `epoch ${epoch} ${waits}`,
    )
    return isPublished ? 0 : 1
  } finally {
    await pool.end()
  }
}

type Outcome =
  | { readonly kind: 'same'; readonly epoch: number }
  | { readonly kind: 'asked'; readonly changes: readonly string[] }
  | { readonly kind: 'added'; readonly epoch: number; readonly changes: readonly string[] }
type Pool = ReturnType<typeof openPool>

/** An earlier version's content; what it says must still be valid. */
async function earlier(pool: Pool, ground: Ground, epoch: number): Promise<ArbitrageConfig> {
  const found = await documentOfEpoch(pool, ARBITRAGE_DOCUMENT, epoch)
  if (found === undefined) throw new PipelineError('WRONG_USE', `there is no epoch ${epoch} of the arbitrage document`)
  return parseArbitrage(ground, found.body, `epoch ${epoch}`)
}

/** Whether a version stands in every partition before the time is over. */
async function untilPublished(pool: Pool, epoch: number, waitMs: number): Promise<boolean> {
  const deadline = performance.now() + waitMs
  for (;;) {
    const found = await documentOfEpoch(pool, ARBITRAGE_DOCUMENT, epoch)
    if (found?.publishedAt !== undefined) return true
    if (performance.now() > deadline) return false
    await sleep(POLL_MS)
  }
}

/** Who changed what, and when, on record. */
async function announce(
  { kafka, registry, topics, by }: ArbitrageDeps,
  epoch: number,
  changes: readonly string[],
  wanted: Wanted,
): Promise<void> {
  const from = 'file' in wanted ? wanted.file : `epoch ${wanted.epoch}`
  const announcer = await openAnnouncer('cli', { kafka, registry, topics })
  announcer.event({
    kind: 'COMMAND',
    message: `arbitrage ${epoch} set by ${by}`,
    details: {
      document: ARBITRAGE_DOCUMENT,
      epoch: String(epoch),
      by,
      from,
      changes: changes.join('; ').slice(0, MOST_CHANGES),
    },
  })
  await announcer.close(5000)
}

const unpublished = (): PipelineError =>
  new PipelineError('WRONG_USE', 'no arbitrage document was published yet; run: crosstide bootstrap')
