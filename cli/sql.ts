import { createInterface } from 'node:readline/promises'
import type { Environment, Source } from '../io/environment.ts'
import { createLog } from '../io/log.ts'
import { openPool } from '../io/postgres.ts'
import { connection } from './endpoints.ts'
import { formatTable } from './table.ts'

export type SqlOptions = { readonly json: boolean; readonly source: Source | undefined }

/**
 * `crosstide sql [QUERY]`: one query, or an interactive prompt that runs what ends in `;`. Reads only: it works as the role
 * `api_ro` on schema `public`; psql with the address in endpoints.json does the rest. Answers the exit code.
 */
export async function sql(environment: Environment, query: string | undefined, options: SqlOptions): Promise<number> {
  const { database } = await connection(environment, options.source)
  const pool = openPool(database, 'api_ro', createLog('cli', 'error'), 1)
  const run = async (text: string): Promise<boolean> => {
    try {
      const { fields, rows, rowCount } = await pool.query<unknown[]>({ text, rowMode: 'array' })
      const columns = fields.map(({ name }) => name)
      if (options.json) {
        for (const row of rows)
          print(JSON.stringify(Object.fromEntries(columns.map((name, index) => [name, row[index]]))))
      } else {
        print(formatTable(columns, rows))
        print(`(${rowCount ?? 0} rows)`)
      }
      return true
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
      return false
    }
  }
  try {
    if (query !== undefined) return (await run(query)) ? 0 : 1
    await interactive(run)
    return 0
  } finally {
    await pool.end()
  }
}

async function interactive(run: (text: string) => Promise<boolean>): Promise<void> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr, prompt: 'crosstide> ' })
  let pending = ''
  prompt.prompt()
  for await (const line of prompt) {
    pending += `${line}\n`
    if (line.trimEnd().endsWith(';')) {
      await run(pending)
      pending = ''
    }
    prompt.setPrompt(pending === '' ? 'crosstide> ' : '        -> ')
    prompt.prompt()
  }
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
