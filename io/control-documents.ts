import { createHash } from 'node:crypto'
import { canonicalJson } from '../core/canonical-json.ts'
import { PipelineError } from '../core/errors.ts'
import type { openPool } from './postgres.ts'

type Database = Pick<ReturnType<typeof openPool>, 'query'>

/** One version of a document that governs the processors; never changed, a correction is the next version. */
export type DocumentVersion = {
  /** Counted from 1 per document, by PostgreSQL. */
  readonly epoch: number
  /** SHA-256 of the canonical JSON, lower-case hex. */
  readonly hash: string
  readonly body: unknown
  /** Who put it there: `user@host`, or `bootstrap`. */
  readonly author: string
  readonly createdAt: Date
  /** When it stood in every partition of the log; `undefined`: it does not yet. */
  readonly publishedAt: Date | undefined
}

/** Every repeat of every document stands in every partition; one is a record, which Kafka bounds at 1 MiB. */
const MOST_CHARACTERS = 400_000

export const hashOfDocument = (body: unknown): string => createHash('sha256').update(canonicalJson(body)).digest('hex')

/** The newest version of a document that answers the question. */
async function find(
  database: Database,
  documentId: string,
  where: 'true' | 'in_force' | 'epoch = $2',
  values: readonly number[] = [],
): Promise<DocumentVersion | undefined> {
  const { rows } = await database.query<{
    epoch: string
    hash: string
    body: unknown
    author: string
    created_at: Date
    published_at: Date | null
  }>(
    `select epoch, hash, body, author, created_at, published_at from public.control_documents
      where document_id = $1 and ${where} order by epoch desc limit 1`,
    [documentId, ...values],
  )
  const [row] = rows
  if (row === undefined) return undefined
  const { epoch, hash, body, author, created_at: createdAt, published_at: publishedAt } = row
  return { epoch: Number(epoch), hash, body, author, createdAt, publishedAt: publishedAt ?? undefined }
}

/** The newest version, published or not; `undefined` if there is none. */
export const newestDocument = (database: Database, documentId: string): Promise<DocumentVersion | undefined> =>
  find(database, documentId, 'true')

/** The newest version that stands in every partition; `undefined` if none does. */
export const documentInForce = (database: Database, documentId: string): Promise<DocumentVersion | undefined> =>
  find(database, documentId, 'in_force')

/** One version; `undefined` if there is none of that epoch. */
export const documentOfEpoch = (
  database: Database,
  documentId: string,
  epoch: number,
): Promise<DocumentVersion | undefined> => find(database, documentId, 'epoch = $2', [epoch])

/** Hash of the version that bootstrap last took from a file; `undefined` if it never did. */
export async function fileHashOf(database: Database, documentId: string): Promise<string | undefined> {
  const { rows } = await database.query<{ hash: string }>(
    'select hash from ingest.documents where document_id = $1 and from_file order by epoch desc limit 1',
    [documentId],
  )
  return rows[0]?.hash
}

/**
 * Adds the next version, which the publisher then puts into the log; answers its epoch. Throws BAD_CONFIG if it is too
 * large for a record. Works as a role that may write (`ingest_rw`).
 */
export async function addDocument(
  database: Database,
  documentId: string,
  { body, author, fromFile }: { readonly body: unknown; readonly author: string; readonly fromFile: boolean },
): Promise<number> {
  const text = canonicalJson(body)
  if (text.length > MOST_CHARACTERS)
    throw new PipelineError('BAD_CONFIG', `the document ${documentId} has more than ${MOST_CHARACTERS} characters`)
  const { rows } = await database.query<{ epoch: string }>(
    'select ingest.add_document($1, $2::jsonb, $3, $4, $5) as epoch',
    [documentId, text, hashOfDocument(body), author, fromFile],
  )
  return Number(rows[0]?.epoch)
}
