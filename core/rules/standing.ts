/** What is kept of one rule, and what of it is wanted: versions are added and never changed. */
export type Standing = {
  readonly id: string
  /** Hash of each version's document. */
  readonly versions: ReadonlyMap<number, string>
  /** The version that speaks. */
  readonly active: number | undefined
  /** The one that spoke before it: where a roll-back goes. */
  readonly previous: number | undefined
  /** Evaluated and recorded beside it, without alerts. */
  readonly shadow: number | undefined
  readonly isDeleted: boolean
}

/** A document as far as its standing needs it. */
export type Draft = {
  readonly id: string
  readonly version: number
  readonly hash: string
  /** What becomes of it: true, it is active; false, nothing of the rule is; `undefined`: what is active stays. */
  readonly isEnabled: boolean | undefined
}

/** `ifMatch`: the newest document's hash must be one of these; `undefined`: whatever it is. */
export type Wish =
  | { readonly kind: 'create'; readonly draft: Draft }
  | { readonly kind: 'update'; readonly draft: Draft; readonly ifMatch: readonly string[] | undefined }
  | { readonly kind: 'delete'; readonly id: string; readonly ifMatch: readonly string[] | undefined }
  /** Without a version the newest. */
  | { readonly kind: 'activate'; readonly id: string; readonly version: number | undefined; readonly shadow: boolean }
  /** `shadow`: only what is in the shadow; else that too. */
  | { readonly kind: 'deactivate'; readonly id: string; readonly shadow: boolean }
  | { readonly kind: 'rollback'; readonly id: string }

/** Why a wish is not granted. */
export type Refusal =
  | { readonly kind: 'unknown' | 'exists' | 'nothing_before' | 'speaks_already' }
  | { readonly kind: 'stale'; readonly hash: string }
  | { readonly kind: 'no_such_version'; readonly version: number }
  | { readonly kind: 'version_not_new'; readonly version: number; readonly newest: number }
  | { readonly kind: 'other_content'; readonly version: number }

/** `added`: whether the draft is a new version. Unchanged: `after` is what was given. */
export type Granted = { readonly after: Standing; readonly added: boolean }

export const newestOf = ({ versions }: Standing): number => Math.max(...versions.keys())
export const hashOf = (standing: Standing): string => standing.versions.get(newestOf(standing)) ?? ''
export const idOf = (wish: Wish): string => ('draft' in wish ? wish.draft.id : wish.id)

/** What a wish makes of a rule, or why not. A wish that was granted before is granted again and changes nothing. */
export function grant(before: Standing | undefined, wish: Wish): Granted | { readonly refusal: Refusal } {
  if (wish.kind === 'create') return create(before, wish.draft)
  if (before === undefined || before.isDeleted)
    // A precondition on what is not there fails.
    return 'ifMatch' in wish && wish.ifMatch !== undefined && wish.kind === 'update'
      ? refuse({ kind: 'stale', hash: '' })
      : refuse({ kind: 'unknown' })
  switch (wish.kind) {
    case 'update':
      return update(before, wish.draft, wish.ifMatch)
    case 'delete':
      return isStale(before, wish.ifMatch)
        ? refuse({ kind: 'stale', hash: hashOf(before) })
        : { after: { ...speaking(before, undefined), shadow: undefined, isDeleted: true }, added: false }
    case 'activate':
      return activate(before, wish.version ?? newestOf(before), wish.shadow)
    case 'deactivate':
      return { after: wish.shadow ? shadowed(before, undefined) : silent(before), added: false }
    case 'rollback':
      return before.previous === undefined
        ? refuse({ kind: 'nothing_before' })
        : { after: speaking(before, before.previous), added: false }
  }
}

function create(before: Standing | undefined, draft: Draft): ReturnType<typeof grant> {
  if (before === undefined) {
    const { id, version, hash } = draft
    const empty = { active: undefined, previous: undefined, shadow: undefined, isDeleted: false }
    return { after: enabled({ id, versions: new Map([[version, hash]]), ...empty }, draft), added: true }
  }
  if (!before.isDeleted) return refuse({ kind: 'exists' })
  // Deleted ones keep their versions: matches name them.
  return add({ ...before, isDeleted: false }, draft)
}

function update(before: Standing, draft: Draft, ifMatch: readonly string[] | undefined): ReturnType<typeof grant> {
  // Its repeat, after an answer that was lost.
  if (draft.version === newestOf(before) && draft.hash === hashOf(before)) return { after: before, added: false }
  if (isStale(before, ifMatch)) return refuse({ kind: 'stale', hash: hashOf(before) })
  return add(before, draft)
}

function add(before: Standing, draft: Draft): ReturnType<typeof grant> {
  const { version, hash } = draft
  const newest = newestOf(before)
  const held = before.versions.get(version)
  if (held !== undefined && held !== hash) return refuse({ kind: 'other_content', version })
  if (version <= newest) return refuse({ kind: 'version_not_new', version, newest })
  return { after: enabled({ ...before, versions: new Map([...before.versions, [version, hash]]) }, draft), added: true }
}

const isStale = (standing: Standing, ifMatch: readonly string[] | undefined): boolean =>
  ifMatch !== undefined && !ifMatch.includes('*') && !ifMatch.includes(hashOf(standing))

function activate(before: Standing, version: number, shadow: boolean): ReturnType<typeof grant> {
  if (!before.versions.has(version)) return refuse({ kind: 'no_such_version', version })
  if (!shadow) return { after: speaking(before, version), added: false }
  // Matches of one version would bear the same ids twice.
  if (before.active === version) return refuse({ kind: 'speaks_already' })
  return { after: shadowed(before, version), added: false }
}

const enabled = (standing: Standing, { version, isEnabled }: Draft): Standing =>
  isEnabled === undefined ? standing : isEnabled ? speaking(standing, version) : silent(standing)

/** With another version speaking; `undefined`: none. What leaves the shadow to speak is not in it any more. */
function speaking(standing: Standing, version: number | undefined): Standing {
  const { active, previous, shadow } = standing
  if (active === version && (shadow === undefined || shadow !== version)) return standing
  return {
    ...standing,
    active: version,
    previous: active ?? (previous === version ? undefined : previous),
    shadow: shadow === version ? undefined : shadow,
  }
}

const shadowed = (standing: Standing, shadow: number | undefined): Standing =>
  standing.shadow === shadow ? standing : { ...standing, shadow }

const silent = (standing: Standing): Standing => shadowed(speaking(standing, undefined), undefined)

const refuse = (refusal: Refusal): { readonly refusal: Refusal } => ({ refusal })
