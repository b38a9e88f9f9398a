import { OPERATIONS, openApi, type Parameter } from './openapi.ts'

/** The reference as one HTML page without scripts, made of the OpenAPI document. */
export function referencePage(): string {
  const { info, paths, components } = openApi()
  const sections = Object.entries(paths).map(([path, { get }]) => {
    const schema = Object.entries(components.schemas).find(([name]) => name === get.operationId)?.[1]
    return `<h2 id="${escape(get.operationId)}"><code>GET ${escape(path)}</code></h2><p>${escape(get.summary)}.</p>${parameters(get.parameters)}<details><summary>Answer (JSON schema)</summary><pre>${escape(JSON.stringify(schema, undefined, 2))}</pre></details>`
  })
  const contents = Object.entries(OPERATIONS).map(
    ([id, { path }]) => `<li><a href="#${escape(id)}"><code>${escape(path)}</code></a></li>`,
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

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escape = (text: string): string => text.replace(/[&<>"]/g, (one) => ENTITIES[one] ?? one)
