import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { PipelineError } from '../core/errors.ts'
import type { TopicSpec } from '../schemas/topics.ts'
import type { Difference } from './kafka/port.ts'

/** What the registry says about a topic's values. */
export type Subject = {
  /** `undefined`: the subject has no rule of its own. */
  readonly compatibility: string | undefined
  readonly versions: readonly number[]
  /** Whether one of the versions is the schema of this release. */
  readonly isCurrent: boolean
}

const compatibilitySchema = z.object({ compatibilityLevel: z.string() })
const versionsSchema = z.array(z.number())

/** Reads the subject of a topic with a schema. Throws REGISTRY_UNAVAILABLE. */
export async function readSubject(host: string, { name, schema }: TopicSpec): Promise<Subject> {
  const subject = encodeURIComponent(`${name}-value`)
  const text = readFileSync(new URL(`../schemas/${schema}.avsc`, import.meta.url), 'utf8')
  const [compatibility, versions, current] = await Promise.all([
    ask(host, `config/${subject}`),
    ask(host, `subjects/${subject}/versions`),
    ask(host, `subjects/${subject}`, { schema: JSON.stringify(JSON.parse(text)) }),
  ])
  return {
    compatibility:
      compatibility === undefined ? undefined : compatibilitySchema.parse(compatibility).compatibilityLevel,
    versions: versions === undefined ? [] : versionsSchema.parse(versions),
    isCurrent: current !== undefined,
  }
}

/** What the registry has otherwise than this release wants; nothing for topics without a schema. */
export async function subjectDifferences(host: string, specs: readonly TopicSpec[]): Promise<readonly Difference[]> {
  const found: Difference[] = []
  for (const spec of specs) {
    if (spec.schema === undefined) continue
    const { compatibility, versions, isCurrent } = await readSubject(host, spec)
    const differs = (setting: string, wanted: string, other: string): void => {
      if (wanted !== other) found.push({ topic: spec.name, setting, wanted, found: other })
    }
    differs('compatibility', spec.compatibility, compatibility ?? '(not said)')
    const other = versions.length === 0 ? 'no schema' : `${versions.length} other versions`
    differs('schema', spec.schema, isCurrent ? spec.schema : other)
  }
  return found
}

const schemaSchema = z.object({ schema: z.string() })

/** The text of the schema with an id; `undefined`: there is none. Throws REGISTRY_UNAVAILABLE. */
export async function readSchemaText(host: string, id: number): Promise<string | undefined> {
  const answer = await ask(host, `schemas/ids/${id}`)
  return answer === undefined ? undefined : schemaSchema.parse(answer).schema
}

/** `undefined`: the registry has no such thing. */
async function ask(host: string, path: string, body?: object): Promise<unknown> {
  const url = `${host.replace(/\/$/, '')}/${path}`
  const failed = (cause: unknown): never => {
    throw new PipelineError('REGISTRY_UNAVAILABLE', `no answer from the schema registry ${host}`, {
      cause,
      retriable: true,
    })
  }
  const answer = await fetch(url, {
    signal: AbortSignal.timeout(5000),
    ...(body === undefined
      ? {}
      : {
          method: 'POST',
          headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
          body: JSON.stringify(body),
        }),
  }).catch(failed)
  if (answer.status === 404) return undefined
  return answer.ok ? answer.json() : failed(new Error(`${path}: status ${answer.status}`))
}
