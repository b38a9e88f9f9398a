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
    expect(paths['/api/v1/trades']?.get?.parameters).toEqual(
      ['symbol', 'exchange', 'from', 'to', 'limit', 'cursor'].map((name) =>
        expect.objectContaining({ name, in: 'query', required: name === 'symbol' || name === 'from' }),
      ),
    )
    expect(paths['/api/v1/trades']?.get?.parameters).toContainEqual(
      expect.objectContaining({ name: 'limit', schema: { type: 'integer', minimum: 1, maximum: 1000, default: 100 } }),
    )
    expect(paths['/api/v1/prices/{symbol}']?.get?.parameters).toEqual([
      expect.objectContaining({ name: 'symbol', in: 'path', required: true }),
    ])
  })

  test('asks for a key wherever something is changed, and says so of nothing else', () => {
    const told = Object.entries(openApi().paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, one]) => [`${method} ${path}`, 'security' in one] as const),
    )
    const asked = told.filter(([, needsKey]) => needsKey).map(([name]) => name)
    expect(asked.filter((name) => name.startsWith('get'))).toEqual([])
    expect(told.filter(([name, needsKey]) => !needsKey && !name.startsWith('get'))).toEqual([
      ['post /api/v1/rules/validate', false],
      ['post /api/v1/rules/test', false],
      ['post /api/v1/rules/{id}/test', false],
    ])
    expect(asked).toContain('delete /api/v1/rules/{id}')
  })

  test('as a page has a section per path and runs nothing', () => {
    const html = referencePage()
    for (const [path, methods] of Object.entries(openApi().paths))
      for (const method of Object.keys(methods)) expect(html).toContain(`${method.toUpperCase()} ${path}<`)
    expect(html).not.toContain('<script')
  })
})
