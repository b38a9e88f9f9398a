import type { z } from 'zod'
import type { Wish } from '../../core/rules/standing.ts'
import { actOnRule } from '../../io/rules-desk.ts'
import type { Route } from '../deps.ts'
import { authorOf } from '../gates.ts'
import { activateBody, deactivateBody, noBody, noQuery, parse, rulePath } from '../parameters.ts'
import { RULES, askedBy, bodyOf, doneOrThrow, isEmpty, sendRule } from '../rules.ts'

/** A POST on a rule that changes what of it is active, and answers with the rule as it stands then. */
const action = <Body extends z.ZodType>(
  name: string,
  body: Body,
  wishOf: (id: string, given: z.output<Body>) => Exclude<Wish, { readonly draft: unknown }>,
): Route => ({
  path: `${RULES}/:id/${name}`,
  post: (deps) => async (request, response) => {
    parse(noQuery, request.query)
    const { id } = parse(rulePath, request.params)
    const wish = wishOf(id, parse(body, isEmpty(request) ? {} : bodyOf(request)))
    const by = { author: authorOf(response), fromFile: false }
    const { diagnostics } = doneOrThrow(await actOnRule(deps.rules, by, wish, askedBy(request)))
    await sendRule(deps, response, id, { diagnostics })
  },
})

export const activateRule = action('activate', activateBody, (id, { version, shadow }) => ({
  kind: 'activate',
  id,
  version,
  shadow,
}))
export const deactivateRule = action('deactivate', deactivateBody, (id, { shadow }) => ({
  kind: 'deactivate',
  id,
  shadow,
}))
export const rollbackRule = action('rollback', noBody, (id) => ({ kind: 'rollback', id }))
