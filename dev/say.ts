// How the development system talks: who speaks on the left, what is said on the right.

export function say(who: string, what: string): void {
  for (const line of what.split('\n')) console.log(`${who.padEnd(11)}${line}`.trimEnd())
}

/** A sentence for people that needs no stack trace. */
export class Trouble extends Error {}

/** A connection string that may be shown: without its password. */
export function withoutPassword(url: string): string {
  const shown = new URL(url)
  if (shown.password) shown.password = '***'
  return shown.href
}
