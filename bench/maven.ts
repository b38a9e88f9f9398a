import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { PipelineError } from '../core/errors.ts'
import { cacheFolder } from '../dev/cache.ts'
import { findMaven, type Variables } from '../dev/java.ts'

const run = promisify(execFile)

/**
 * Class path of a Maven project of this folder, fetched and compiled into the cache once for each state of its files.
 * Throws STACK_FAILED without Maven.
 */
export async function classPathOf(variables: Variables, java: string, project: string, name: string): Promise<string> {
  const folder = await build(variables, java, project, name)
  const jars = (await readdir(folder)).filter((file) => file.endsWith('.jar')).map((file) => join(folder, file))
  return [join(folder, 'classes'), ...jars].join(':')
}

async function build(variables: Variables, java: string, project: string, name: string): Promise<string> {
  const hash = createHash('sha256')
  const files = await readdir(project, { recursive: true, withFileTypes: true })
  const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name))
  for (const path of paths.toSorted()) hash.update(await readFile(path))
  const folder = join(cacheFolder(variables), `${name}-${hash.digest('hex').slice(0, 12)}`)
  if ((await readdir(folder).catch(() => [])).length > 0) return folder
  const maven = await findMaven(variables)
  if (maven === undefined) throw new PipelineError('STACK_FAILED', `no mvn on the path: ${name} cannot be built`)
  await mkdir(dirname(folder), { recursive: true })
  const temporary = await mkdtemp(`${folder}.part-`)
  try {
    await cp(project, temporary, { recursive: true })
    await run(maven, ['-q', '-B', '-f', join(temporary, 'pom.xml'), 'package'], {
      env: { ...variables, JAVA_HOME: dirname(dirname(java)) },
    })
    await rename(join(temporary, 'target'), folder)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return folder
}
