import type { Rows } from './rules-rows.ts'

/** An Idempotency-Key and what was asked for under it, as a hash. */
export type Asked = { readonly key: string; readonly fingerprint: string }
export type Remembered = { readonly id: string; readonly version: number }

/** What a request made when it came before; 'another': the key came with another request. */
export async function requestBefore(
  client: Rows,
  author: string,
  { key, fingerprint }: Asked,
): Promise<Remembered | 'another' | undefined> {
  const { rows } = await client.query<{ fingerprint: string; rule_id: string; version: string }>(
    'select fingerprint, rule_id, version from ingest.rule_requests where author = $1 and request_key = $2',
    [author, key],
  )
  const [row] = rows
  if (row === undefined) return undefined
  if (row.fingerprint !== fingerprint) return 'another'
  return { id: row.rule_id, version: Number(row.version) }
}

/** In the transaction of what it made; forgets what is older than a day. */
export async function rememberRequest(
  client: Rows,
  author: string,
  { key, fingerprint }: Asked,
  { id, version }: Remembered,
): Promise<void> {
  await client.query("delete from ingest.rule_requests where created_at < now() - interval '1 day'")
  await client.query(
    'insert into ingest.rule_requests (author, request_key, fingerprint, rule_id, version) values ($1, $2, $3, $4, $5)',
    [author, key, fingerprint, id, version],
  )
}
