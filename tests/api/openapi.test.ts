import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { openApi } from '../../api/openapi.ts'
import { referencePage } from '../../api/reference.ts'

const committed: unknown = JSON.parse(readFileSync('api/openapi.json', 'utf8'))

describe('the OpenAPI document', () => {
  test('that is committed is what the code says; else: node api/write-openapi.ts && npx oxfmt api/openapi.json', () => {
    expect(JSON.parse(JSON.stringify(openApi()))).toEqual(committed)
  })

  test('refers only to what it holds', () => {
    const { components } = openApi()
    const references = [...JSON.stringify(openApi()).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)]
    expect(new Set(references.map(([, name]) => name))).toEqual(new Set(Object.keys(components.schemas)))
  })

  test('names every parameter with its bounds, path parameters as required', () => {
    const { paths } = openApi()
    expect(paths['/api/v1/trades']?.get.parameters).toEqual(
      ['symbol', 'exchange', 'from', 'to', 'limit', 'cursor'].map((name) =>
        expect.objectContaining({ name, in: 'query', required: name === 'symbol' || name === 'from' }),
      ),
    )
    expect(paths['/api/v1/trades']?.get.parameters).toContainEqual(
      expect.objectContaining({ name: 'limit', schema: { type: 'integer', minimum: 1, maximum: 1000, default: 100 } }),
    )
    expect(paths['/api/v1/prices/{symbol}']?.get.parameters).toEqual([
      expect.objectContaining({ name: 'symbol', in: 'path', required: true }),
    ])
  })

  test('as a page has a section per path and runs nothing', () => {
    const html = referencePage()
    for (const path of Object.keys(openApi().paths)) expect(html).toContain(`GET ${path}`)
    expect(html).not.toContain('<script')
  })
})
