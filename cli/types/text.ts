// Pieces of TypeScript source. Names come from a database, so any character may be in them.

export function quoted(text: string): string {
  const inside = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  return `'${inside}'`
}

export const literal = (value: unknown) => (typeof value === 'string' ? quoted(value) : JSON.stringify(value))

export const propertyName = (name: string) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name))

/** A line of its own with its indent, or nothing. */
export function comment(text: string, indent: string): string {
  const safe = text.replaceAll('*/', '*\\/').replace(/\s+/g, ' ')
  return safe === '' ? '' : `${indent}/** ${safe} */\n`
}
