const NAME = 'crosstide-key'

/** The API key of this tab: gone when it is closed, seen by no other tab, never part of an address. */
export const currentKey = (): string | undefined => sessionStorage.getItem(NAME) ?? undefined

export function keepKey(key: string | undefined): void {
  if (key === undefined) sessionStorage.removeItem(NAME)
  else sessionStorage.setItem(NAME, key)
}
