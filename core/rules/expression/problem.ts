/** What is wrong with an expression: a code of rules.md section 10 (E101 to E107), the characters, a sentence. */
export type Problem = { readonly code: string; readonly from: number; readonly to: number; readonly message: string }

/** A piece of the text, short enough for a sentence. */
export function quoted(text: string, from: number, to: number): string {
  const piece = text.slice(from, to).replaceAll(/\s+/g, ' ')
  return `\`${piece.length > 40 ? `${piece.slice(0, 24)} … ${piece.slice(-12)}` : piece}\``
}
