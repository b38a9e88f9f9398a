import type { Database } from '../../consumers/database.ts'
import { MOVED } from '../../consumers/resume.ts'

/**
 * The ticks sink made wrong in the classical way: it stores rows first and the offset after them, in another transaction,
 * and rolls up what it was offered instead of what it inserted. `crash` is asked between the two.
 */
export function lateOffset(database: Database, crash: () => void): Database {
  const query = async (statement: { readonly name?: string; readonly text: string; readonly values?: unknown[] }) => {
    if (statement.name !== 'sink-ticks' || statement.values === undefined) return database.query(statement)
    const [consumer, topic, part, , to, stamp, crc, ...columns] = statement.values
    const text = statement.text.replace(MOVED, 'moved as (select $3::integer as part)').replace(
      'from put_trades\n',
      `from unnest($12::text[], $13::text[], $16::numeric[], $17::numeric[], $18::text[], $19::timestamptz[],
              $20::timestamptz[], $24::bigint[]) u (exchange, symbol, price, size, feed, event_time, receive_time, log_offset)\n`,
    )
    if (text === statement.text) throw new Error('the statement has changed: mend the twin')
    // Parameters 4 to 7 are not used any more, but numbered.
    const unused = 'with unused as (select $4::text, $5::text, $6::text, $7::text),'
    const answer = await database.query({
      text: text.replace('with ', `${unused} `),
      values: [consumer, topic, part, '', '', '', '', ...columns],
    })
    crash()
    await database.query({
      text: 'update ingest.offsets set next_offset = $4, tail_timestamp = $5, tail_crc = $6 where consumer = $1 and topic = $2 and part = $3',
      values: [consumer, topic, part, to, stamp, crc],
    })
    return answer
  }
  return new Proxy(database, { get: (target, name) => (name === 'query' ? query : Reflect.get(target, name)) })
}
