import { writeRules } from '../../io/rules-desk.ts'
import { judgeRule } from '../../io/rules-judging.ts'
import { readParts, writeParts } from '../cursor.ts'
import type { Route } from '../deps.ts'
import { authorOf, isWriter } from '../gates.ts'
import { metaOf } from '../meta.ts'
import { noQuery, parse, rulesQuery, writeQuery } from '../parameters.ts'
import { selectRuleFindings, selectRules } from '../queries/rules.ts'
import { RULES, askedBy, bodyOf, doneOrThrow, placeOf, ruleOf, sendRule } from '../rules.ts'

const ID = /^[a-z0-9-]{1,64}$/

/** All rules by id, in pages; POST adds one. */
export const rules: Route = {
  path: RULES,
  get: (deps) => async (request, response) => {
    const { limit, cursor } = parse(rulesQuery, request.query)
    const [after] = cursor === undefined ? [] : readParts(cursor, [ID])
    const found = await selectRules(deps.database, { after, limit: limit + 1 })
    const page = found.slice(0, limit)
    const findings = await selectRuleFindings(
      deps.database,
      page.map(({ id }) => id),
    )
    const last = found.length > limit ? page.at(-1) : undefined
    const next = last === undefined ? undefined : writeParts([last.id])
    if (next !== undefined)
      response.links({ next: `${RULES}?${new URLSearchParams({ limit: String(limit), cursor: next }).toString()}` })
    response.set('cache-control', 'no-cache')
    response.json({ meta: metaOf(deps), rules: page.map((row) => ruleOf(deps, row, findings)), cursor: next })
  },
  post: (deps) => async (request, response) => {
    const { activate } = parse(writeQuery, request.query)
    const writing = { document: bodyOf(request), mode: { kind: 'create' }, activate } as const
    const by = { author: authorOf(response), fromFile: false }
    const { id, diagnostics } = doneOrThrow(await writeRules(deps.rules, by, [writing], askedBy(request)))
    response.location(placeOf(id))
    await sendRule(deps, response, id, { status: 201, diagnostics })
  },
}

/** What would be said of a document if it were written now; nothing is. Its tests keep us busy: they take a key. */
export const validateRules: Route = {
  path: `${RULES}/validate`,
  ask: (deps) => async (request, response) => {
    parse(noQuery, request.query)
    const runsTests = isWriter(deps, request)
    const { rule, diagnostics, bound } = await judgeRule(deps.rules, bodyOf(request), runsTests)
    const isValid = rule !== undefined && !diagnostics.some(({ code }) => code.startsWith('E'))
    response.json({ meta: metaOf(deps), isValid, runsTests, diagnostics, bound })
  },
}
