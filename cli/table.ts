/** Rows as an aligned text table, columns in the order given; numbers to the right. Absent values print as nothing. */
export function formatTable(columns: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const texts = rows.map((row) => row.map(formatCell))
  const widths = columns.map((name, index) => Math.max(name.length, ...texts.map((row) => row[index]?.length ?? 0)))
  const isNumeric = columns.map(
    (_, index) => texts.length > 0 && texts.every((row) => /^-?[\d.]*(e[+-]?\d+)?$/.test(row[index] ?? '')),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) =>
        isNumeric[index] === true ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0),
      )
      .join('  ')
      .trimEnd()
  const rule = widths.map((width) => '-'.repeat(width)).join('  ')
  return [line(columns), rule, ...texts.map(line)].join('\n')
}

function formatCell(cell: unknown): string {
  if (cell === null || cell === undefined) return ''
  if (cell instanceof Date) return cell.toISOString()
  return (typeof cell === 'string' ? cell : JSON.stringify(cell)).replaceAll('\n', '\\n')
}
