// Arrays as Postgres reads them, one element of each row. pg would make the same text, but at several times the cost: it
// quotes and escapes every element, numbers too.

/** Of numbers, booleans and ids: nothing in them needs quotes. */
export function plainArray<Row>(
  rows: readonly Row[],
  of: (row: Row) => number | bigint | boolean | string | null,
): string {
  let literal = '{'
  for (let i = 0; i < rows.length; i++) literal += `${i > 0 ? ',' : ''}${of(rows[i]!) ?? 'NULL'}`
  return `${literal}}`
}

/** Of any text. In quotes, NULL is a text like any other. */
export function textArray<Row>(rows: readonly Row[], of: (row: Row) => string | null): string {
  let literal = '{'
  for (let i = 0; i < rows.length; i++) {
    const text = of(rows[i]!)
    literal += `${i > 0 ? ',' : ''}${text === null ? 'NULL' : quoted(text)}`
  }
  return `${literal}}`
}

function quoted(text: string): string {
  return `"${/["\\]/.test(text) ? text.replace(/["\\]/g, '\\$&') : text}"`
}
