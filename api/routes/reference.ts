import type { Route } from '../deps.ts'
import { openApi } from '../openapi.ts'
import { referencePage } from '../reference.ts'

/** The contract for programs. */
export const openApiDocument: Route = {
  path: '/openapi.json',
  get: () => {
    const document = openApi()
    return (_request, response) => void response.json(document)
  },
}

/** The contract for people. */
export const reference: Route = {
  path: '/reference',
  get: () => {
    const html = referencePage()
    return (_request, response) => void response.type('html').send(html)
  },
}
