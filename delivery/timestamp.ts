/** ISO 8601 in UTC with six decimals, as Postgres has it; from microseconds since 1970. */
export function formatTimestamp(microseconds: number): string {
  const iso = new Date(Math.floor(microseconds / 1000)).toISOString()
  const rest = String(((microseconds % 1000) + 1000) % 1000).padStart(3, '0')
  return `${iso.slice(0, -1)}${rest}Z`
}
