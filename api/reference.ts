import { openApi, type Parameter } from './openapi.ts'

/** The reference as one HTML page without scripts, made of the OpenAPI document. */
export function referencePage(): string {
  const { info, paths, components } = openApi()
  const operations = Object.entries(paths).flatMap(([path, { get, post, put, delete: remove }]) =>
    Object.entries({ get, post, put, delete: remove }).flatMap(([method, one]) =>
      one === undefined ? [] : [{ ...one, path, method: method.toUpperCase() }],
    ),
  )
  const sections = operations.map(({ path, method, operationId, summary, parameters: given, responses, ...rest }) => {
    const name = /schemas\/(\w+)"/.exec(JSON.stringify(responses))?.[1]
    const schema = Object.entries(components.schemas).find(([one]) => one === name && one !== 'Problem')?.[1]
    const body = 'requestBody' in rest ? details('Body (JSON schema)', rest.requestBody) : ''
    const answer = schema === undefined ? '' : details('Answer (JSON schema)', schema)
    return `<h2 id="${escape(operationId)}"><code>${method} ${escape(path)}</code></h2><p>${escape(summary)}.</p>${parameters(given)}${body}${answer}`
  })
  const contents = operations.map(
    ({ operationId, method, path }) =>
      `<li><a href="#${escape(operationId)}"><code>${method === 'GET' ? '' : `${method} `}${escape(path)}</code></a></li>`,
  )
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>crosstide API</title><link rel="stylesheet" href="/page/page.css"><body class="document"><h1>crosstide API ${escape(info.version)}</h1><p>${escape(info.description)} For programs: <a href="/openapi.json">openapi.json</a>. What goes wrong: <a href="/errors">errors</a>.</p><ul>${contents.join('')}</ul>${sections.join('')}</body></html>`
}

function parameters(list: readonly Parameter[]): string {
  if (list.length === 0) return '<p>No parameters.</p>'
  const rows = list.map(
    ({ name, required, description, schema }) =>
      `<tr><td><code>${escape(name)}</code></td><td>${required ? 'required' : 'optional'}</td><td>${escape(description ?? '')}</td><td><code>${escape(JSON.stringify(schema))}</code></td></tr>`,
  )
  return `<table><thead><tr><th>Parameter</th><th></th><th>Meaning</th><th>Schema</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
}

const details = (summary: string, schema: unknown): string =>
  `<details><summary>${summary}</summary><pre>${escape(JSON.stringify(schema, undefined, 2))}</pre></details>`

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escape = (text: string): string => text.replace(/[&<>"]/g, (one) => ENTITIES[one] ?? one)
