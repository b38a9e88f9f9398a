import { createInterface } from 'node:readline/promises'
import { text as readAll } from 'node:stream/consumers'
import { PipelineError } from '../core/errors.ts'
import type { Environment, Source } from '../io/environment.ts'
import { createLog } from '../io/log.ts'
import { openPool } from '../io/postgres.ts'
import { connection } from './endpoints.ts'
import { formatTable } from './table.ts'

/** What one statement answers, as far as it is shown. */
type Answer = {
  readonly fields: readonly { readonly name: string }[]
  readonly rows: readonly (readonly unknown[])[]
  readonly rowCount: number | null
}

export type SqlOptions = { readonly json: boolean; readonly source: Source | undefined }

/**
 * `crosstide sql [QUERY]`: a query, what is piped in, or an interactive prompt that runs what ends in `;`. Reads only: it works as the role
 * `api_ro` on schema `public`; psql with the address in endpoints.json does the rest. Answers the exit code.
 */
export async function sql(environment: Environment, query: string | undefined, options: SqlOptions): Promise<number> {
  const { database } = await connection(environment, options.source)
  const pool = openPool(database, 'api_ro', createLog('cli', 'error'), 1)
  const run = async (text: string): Promise<boolean> => {
    try {
      const answer = await pool.query<unknown[]>({ text, rowMode: 'array' })
      // Several statements at once answer a list, which the driver's types do not know.
      const results: readonly Answer[] = [answer].flat()
      for (const result of results) show(result, options.json)
      return true
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
      return false
    }
  }
  try {
    const text = query ?? (process.stdin.isTTY ? undefined : await readAll(process.stdin))
    if (text === undefined) {
      await interactive(run)
      return 0
    }
    if (text.trim() === '') throw new PipelineError('WRONG_USE', 'the query is empty')
    return (await run(text)) ? 0 : 1
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

function show({ fields, rows, rowCount }: Answer, json: boolean): void {
  const columns = fields.map(({ name }) => name)
  if (json) {
    for (const row of rows) print(JSON.stringify(Object.fromEntries(columns.map((name, index) => [name, row[index]]))))
    return
  }
  print(formatTable(columns, rows))
  print(`(${rowCount ?? 0} rows)`)
}

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
