import { actOnRule, writeRules } from '../../io/rules-desk.ts'
import { readParts, writeParts } from '../cursor.ts'
import type { Route } from '../deps.ts'
import { authorOf } from '../gates.ts'
import { metaOf } from '../meta.ts'
import { noQuery, parse, rulePath, rulesQuery, writeQuery } from '../parameters.ts'
import { HttpFailure } from '../problem.ts'
import { isRule, selectRuleStats, selectRuleVersions } from '../queries/rules.ts'
import { RULES, bodyOf, doneOrThrow, ifMatchOf, placeOf, sendRule } from '../rules.ts'

const path = `${RULES}/:id`

/** One rule: its newest document, and what became of it. PUT writes its next version, DELETE ends it. */
export const rule: Route = {
  path,
  get: (deps) => async (request, response) => {
    parse(noQuery, request.query)
    await sendRule(deps, response, parse(rulePath, request.params).id)
  },
  put: (deps) => async (request, response) => {
    const { activate } = parse(writeQuery, request.query)
    const { id } = parse(rulePath, request.params)
    const mode = { kind: 'update', id, ifMatch: ifMatchOf(request) } as const
    const by = { author: authorOf(response), fromFile: false }
    const outcome = await writeRules(deps.rules, by, [{ document: bodyOf(request), mode, activate }])
    await sendRule(deps, response, id, { diagnostics: doneOrThrow(outcome).diagnostics })
  },
  delete: (deps) => async (request, response) => {
    parse(noQuery, request.query)
    const { id } = parse(rulePath, request.params)
    const wish = { kind: 'delete', id, ifMatch: ifMatchOf(request) } as const
    doneOrThrow(await actOnRule(deps.rules, { author: authorOf(response), fromFile: false }, wish))
    response.status(204).end()
  },
}

const VERSION = /^[1-9][0-9]{0,15}$/

/** Every version of a rule, of a deleted one too: matches name them. */
export const ruleVersions: Route = {
  path: `${path}/versions`,
  get: (deps) => async (request, response) => {
    const { id } = parse(rulePath, request.params)
    const { limit, cursor } = parse(rulesQuery, request.query)
    const [below] = cursor === undefined ? [] : readParts(cursor, [VERSION])
    const page = { id, below: below === undefined ? undefined : Number(below), limit: limit + 1 }
    const found = await selectRuleVersions(deps.database, page)
    if (found.length === 0 && !(await isRule(deps.database, id))) throw new HttpFailure('UNKNOWN_RULE', `no rule ${id}`)
    const versions = found.slice(0, limit)
    const last = found.length > limit ? versions.at(-1) : undefined
    const next = last === undefined ? undefined : writeParts([String(last.version)])
    if (next !== undefined) {
      const query = new URLSearchParams({ limit: String(limit), cursor: next })
      response.links({ next: `${placeOf(id)}/versions?${query.toString()}` })
    }
    response.json({ meta: metaOf(deps), versions, cursor: next })
  },
}

/** What each version of a rule did of late, of a deleted one too. */
export const ruleStats: Route = {
  path: `${path}/stats`,
  get: (deps) => async (request, response) => {
    parse(noQuery, request.query)
    const { id } = parse(rulePath, request.params)
    const rows = await selectRuleStats(deps.database, id)
    if (rows.length === 0 && !(await isRule(deps.database, id))) throw new HttpFailure('UNKNOWN_RULE', `no rule ${id}`)
    const versions = rows.map((row) => {
      const { asOf: _, ...rest } = row
      return rest
    })
    response.json({ meta: metaOf(deps), asOf: rows[0]?.asOf, versions })
  },
}
