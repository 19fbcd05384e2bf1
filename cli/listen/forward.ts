// Where `outbox listen` takes webhooks to: one URL for all, or one for each kind of type. Only this machine, unless asked for.
import { usageError } from '../exit.ts'

export interface Forward {
  /** `order.*`; null = every type. */
  readonly pattern: string | null
  readonly url: string
}

/** `3000`, `localhost:3000/hooks`, `http://…`, or one of these behind `order.*=`. */
export function parseForward(text: string, allowRemote: boolean): Forward {
  const [, pattern = null, target = ''] = /^(?:(\*|\w+(?:\.\w+)*(?:\.\*)?)=)?(.*)$/s.exec(text) ?? []
  const url = urlOf(target)
  if (url === null)
    throw usageError(`--forward-to ${text}: expected localhost:3000/hooks, or order.*=localhost:3000/hooks.`)
  if (!allowRemote && !isThisMachine(url.hostname))
    throw usageError(`${url.host} is another machine: use --allow-remote if it may get these webhooks.`)
  return { pattern: pattern === '*' ? null : pattern, url: url.href }
}

function urlOf(text: string): URL | null {
  const full = /^\d+(\/|$)/.test(text)
    ? `http://localhost:${text}`
    : /^https?:\/\//.test(text)
      ? text
      : `http://${text}`
  return text !== '' && URL.canParse(full) ? new URL(full) : null
}

const isThisMachine = (host: string) => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(host)

/** The first that fits, those with a type before the one for everything else. */
export function forwardFor(forwards: readonly Forward[], type: string): Forward | undefined {
  return (
    forwards.find(({ pattern }) => pattern !== null && fits(pattern, type)) ??
    forwards.find(({ pattern }) => pattern === null)
  )
}

const fits = (pattern: string, type: string) =>
  pattern.endsWith('.*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern

/** What the endpoint must want; null = everything. */
export function typesFor(
  forwards: readonly Forward[],
  types: readonly string[] | undefined,
): string[] | null {
  if (types) return [...types]
  const patterns = forwards.map(({ pattern }) => pattern)
  return patterns.includes(null) ? null : [...new Set(patterns as string[])]
}
