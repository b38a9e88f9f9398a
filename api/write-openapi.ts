import { writeFileSync } from 'node:fs'
import { openApi } from './openapi.ts'

writeFileSync(new URL('openapi.json', import.meta.url), `${JSON.stringify(openApi(), undefined, 2)}\n`)
