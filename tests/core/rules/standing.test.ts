import { describe, expect, test } from 'vitest'
import { grant, hashOf, type Draft, type Standing, type Wish } from '../../../core/rules/standing.ts'

const id = 'spike'
const draft = (version: number, isEnabled: boolean | undefined = true, hash = `h${version}`): Draft => ({
  id,
  version,
  hash,
  isEnabled,
})

/** What wishes one after the other make of a rule that was not there; throws what is refused. */
function after(...wishes: readonly Wish[]): Standing | undefined {
  let standing: Standing | undefined
  for (const wish of wishes) {
    const granted = grant(standing, wish)
    if ('refusal' in granted) throw new Error(JSON.stringify(granted.refusal))
    standing = granted.after
  }
  return standing
}

const refusal = (before: Standing | undefined, wish: Wish): unknown => {
  const granted = grant(before, wish)
  return 'refusal' in granted ? granted.refusal : 'granted'
}

const create = (one: Draft): Wish => ({ kind: 'create', draft: one })
const update = (one: Draft, ...ifMatch: readonly string[]): Wish => ({ kind: 'update', draft: one, ifMatch })
const activate = (version?: number, shadow = false): Wish => ({ kind: 'activate', id, version, shadow })
const deactivate = (shadow = false): Wish => ({ kind: 'deactivate', id, shadow })
const rollback: Wish = { kind: 'rollback', id }
const remove = (...ifMatch: readonly string[]): Wish => ({ kind: 'delete', id, ifMatch })

describe('a document', () => {
  test.each([
    [true, 1],
    [false, undefined],
    [undefined, undefined],
  ])('that is new and says enabled %s makes version %s active', (isEnabled, active) => {
    expect(after(create({ ...draft(1), isEnabled }))).toMatchObject({ active, previous: undefined, shadow: undefined })
  })

  test('that follows takes over, is only kept, or silences the rule, as it says', () => {
    expect(after(create(draft(1)), update(draft(2), 'h1'))).toMatchObject({ active: 2, previous: 1 })
    expect(after(create(draft(1)), update({ ...draft(2), isEnabled: undefined }, 'h1'))).toMatchObject({ active: 1 })
    expect(after(create(draft(1)), update(draft(2, false), 'h1'))).toMatchObject({ active: undefined, previous: 1 })
  })

  test('is refused where the id is taken, the version is old, or has another content', () => {
    const two = after(create(draft(1)), update(draft(3), 'h1'))
    expect(refusal(two, create(draft(4)))).toEqual({ kind: 'exists' })
    expect(refusal(two, update(draft(2), 'h3'))).toEqual({ kind: 'version_not_new', version: 2, newest: 3 })
    expect(refusal(two, update(draft(1), 'h3'))).toEqual({ kind: 'version_not_new', version: 1, newest: 3 })
    expect(refusal(two, update(draft(3, true, 'other'), 'h3'))).toEqual({ kind: 'other_content', version: 3 })
  })

  test('written over one that was not read is refused, by its hash', () => {
    const two = after(create(draft(1)), update(draft(2), 'h1'))
    expect(refusal(two, update(draft(3), 'h1'))).toEqual({ kind: 'stale', hash: 'h2' })
    expect(refusal(two, update(draft(3), 'h1', 'h2'))).toBe('granted')
    expect(refusal(two, update(draft(3), '*'))).toBe('granted')
    expect(refusal(undefined, update(draft(1), '*'))).toEqual({ kind: 'stale', hash: '' })
  })

  test('that is sent twice changes nothing, also when the answer to the first was lost', () => {
    const two = after(create(draft(1)), update(draft(2), 'h1'), rollback)
    const again = two === undefined ? undefined : grant(two, update(draft(2), 'h1'))
    expect(again).toEqual({ after: two, added: false })
  })
})

describe('activation', () => {
  const two = after(create(draft(1)), update({ ...draft(2), isEnabled: undefined }, 'h1'))

  test('is of the newest version unless one is named, which there must be', () => {
    expect(refusal(two, activate(7))).toEqual({ kind: 'no_such_version', version: 7 })
    const [newest, named] = [grant(two, activate()), grant(two, activate(2))]
    expect(newest).toEqual(named)
    expect(newest).toMatchObject({ after: { active: 2, previous: 1 } })
  })

  test('in the shadow leaves what speaks; the version that speaks cannot be its own shadow', () => {
    expect(grant(two, activate(2, true))).toMatchObject({ after: { active: 1, shadow: 2 } })
    expect(refusal(two, activate(1, true))).toEqual({ kind: 'speaks_already' })
  })

  test('of what is in the shadow takes it out of there', () => {
    expect(
      after(create(draft(1)), update({ ...draft(2), isEnabled: undefined }, '*'), activate(2, true), activate(2)),
    ).toMatchObject({
      active: 2,
      shadow: undefined,
      previous: 1,
    })
  })

  test('ends for the shadow alone, or for all', () => {
    const both = after(create(draft(1)), update({ ...draft(2), isEnabled: undefined }, '*'), activate(2, true))
    expect(grant(both, deactivate(true))).toMatchObject({ after: { active: 1, shadow: undefined } })
    expect(grant(both, deactivate())).toMatchObject({ after: { active: undefined, shadow: undefined, previous: 1 } })
  })
})

describe('a roll-back', () => {
  test('goes to what was active before, and twice comes back', () => {
    const second = after(create(draft(1)), update(draft(2), 'h1'), rollback)
    expect(second).toMatchObject({ active: 1, previous: 2 })
    expect(grant(second, rollback)).toMatchObject({ after: { active: 2, previous: 1 } })
  })

  test('wakes what was silenced', () => {
    expect(after(create(draft(1)), deactivate(), rollback)).toMatchObject({ active: 1 })
  })

  test('needs something before', () => {
    expect(refusal(after(create(draft(1))), rollback)).toEqual({ kind: 'nothing_before' })
  })
})

describe('a deleted rule', () => {
  const gone = after(create(draft(1)), activate(1), remove('h1'))

  test('is silent and unknown to every wish but a new document', () => {
    expect(gone).toMatchObject({ isDeleted: true, active: undefined, shadow: undefined })
    for (const wish of [activate(), deactivate(), rollback, remove('h1')])
      expect(refusal(gone, wish)).toEqual({ kind: 'unknown' })
  })

  test('comes back with a higher version only: matches name the old ones', () => {
    expect(refusal(gone, create(draft(1, true, 'other')))).toEqual({ kind: 'other_content', version: 1 })
    expect(refusal(gone, create(draft(1)))).toEqual({ kind: 'version_not_new', version: 1, newest: 1 })
    expect(grant(gone, create(draft(2)))).toMatchObject({ after: { isDeleted: false, active: 2 } })
  })

  test('is deleted by who has read its newest document', () => {
    const one = after(create(draft(1)))
    expect(one === undefined ? '' : hashOf(one)).toBe('h1')
    expect(refusal(one, remove('h0'))).toEqual({ kind: 'stale', hash: 'h1' })
  })
})
