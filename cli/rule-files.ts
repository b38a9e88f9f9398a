import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PipelineError } from '../core/errors.ts'
import { readJson } from '../io/config.ts'

export type RuleFile = { readonly file: string; readonly document: unknown }

/** The rules that ship with crosstide. */
export const SHIPPED_RULES = fileURLToPath(new URL('../rules', import.meta.url))

/**
 * Documents of files, and of the `.json` files of folders, by name. A file may hold one rule or a list of them. Throws
 * BAD_CONFIG for what cannot be read, WRONG_USE if there is none.
 */
export async function loadRuleFiles(paths: readonly string[]): Promise<readonly RuleFile[]> {
  const files = (await Promise.all(paths.map(filesOf))).flat()
  const loaded = await Promise.all(files.map(async (file) => ({ file, document: await readJson(file) })))
  if (loaded.length === 0) throw new PipelineError('WRONG_USE', `no .json file in ${paths.join(', ')}`)
  return loaded.flatMap(({ file, document }) =>
    Array.isArray(document)
      ? document.map((one: unknown, at) => ({ file: `${file} #${at + 1}`, document: one }))
      : [{ file, document }],
  )
}

async function filesOf(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new PipelineError('BAD_CONFIG', `cannot read ${path}`, { cause })
  })
  if (!found.isDirectory()) return [path]
  const names = await readdir(path)
  return names
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map((name) => join(path, name))
}
