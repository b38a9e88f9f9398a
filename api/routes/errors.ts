import type { Route } from '../deps.ts'
import { PROBLEMS } from '../problem.ts'

/** The error table that every problem's `type` links into. */
export const errors: Route = {
  path: '/errors',
  get: () => {
    const table = Object.entries(PROBLEMS).map(([code, [status, meaning, remedy]]) => ({
      code,
      status,
      meaning,
      remedy,
    }))
    const lines = table.map(
      ({ code, status, meaning, remedy }) =>
        `<tr id="${code}"><td><code>${code}</code></td><td>${status}</td><td>${meaning}</td><td>${remedy}</td></tr>`,
    )
    const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>crosstide errors</title><link rel="stylesheet" href="/page/page.css"><body class="document"><h1>Errors</h1><table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th><th>What to do</th></tr></thead><tbody>${lines.join('')}</tbody></table></body></html>`
    return (request, response) => {
      response.vary('accept')
      if (request.accepts(['json', 'html']) === 'html') response.type('html').send(html)
      else response.json({ errors: table })
    }
  },
}
