import { readFileSync, writeFileSync } from 'node:fs'
import { VERSION } from '../io/process.ts'
import { asyncApi } from './asyncapi.ts'
import { catalogue } from './topics.ts'

// Writes asyncapi.json: node schemas/main.ts && npx oxfmt schemas/asyncapi.json

const PARTITIONS = 6
const schemaOf = (name: string): unknown => JSON.parse(readFileSync(new URL(`${name}.avsc`, import.meta.url), 'utf8'))

const document = asyncApi({
  version: VERSION,
  topics: Object.values(catalogue(PARTITIONS)),
  schemas: {
    Tick: schemaOf('Tick'),
    Candle: schemaOf('Candle'),
    Opportunity: schemaOf('Opportunity'),
    Match: schemaOf('Match'),
    Alert: schemaOf('Alert'),
    SystemEvent: schemaOf('SystemEvent'),
    ServiceHeartbeat: schemaOf('ServiceHeartbeat'),
  },
})
writeFileSync(new URL('asyncapi.json', import.meta.url), JSON.stringify(document))
