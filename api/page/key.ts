const NAME = 'crosstide-key'
const WRITE_NAME = 'crosstide-write-key'

const kept = (name: string): string | undefined => sessionStorage.getItem(name) ?? undefined
function keep(name: string, key: string | undefined): void {
  if (key === undefined) sessionStorage.removeItem(name)
  else sessionStorage.setItem(name, key)
}

/** The API key of this tab: gone when it is closed, seen by no other tab, never part of an address. */
export const currentKey = (): string | undefined => kept(NAME)
export const keepKey = (key: string | undefined): void => keep(NAME, key)

/** The one that may write, where it is another one or reading takes none. */
export const currentWriteKey = (): string | undefined => kept(WRITE_NAME)
export const keepWriteKey = (key: string | undefined): void => keep(WRITE_NAME, key)
