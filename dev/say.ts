// The output of the development system: the speaker on the left, the message on the right.

export function say(speaker: string, message: string): void {
  for (const line of message.split('\n')) console.log(`${speaker.padEnd(11)}${line}`.trimEnd())
}

/** An error for people: its message is enough, without a stack trace. */
export class Trouble extends Error {}

/** The connection string as it may be shown. */
export function withoutPassword(url: string): string {
  const shown = new URL(url)
  if (shown.password) shown.password = '***'
  return shown.href
}
