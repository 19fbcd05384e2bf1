// Shortens a listener's log line for people; production keeps the JSON.

export function inShort(line: string): string {
  if (!line.startsWith('{')) return line
  try {
    const { level, time, name, msg, ...fields } = JSON.parse(line)
    const rest = Object.entries(fields).filter(([, value]) => value !== null)
    return [msg, ...rest.map(([key, value]) => `${key}=${value}`)].join(' ')
  } catch {
    return line
  }
}
