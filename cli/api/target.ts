// Which outbox a command speaks to: what was said last and nearest counts. Flags, then the environment (and .env), then the
// profile, then the `npm run dev` of the checkout that this folder is in.
import { execSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Environment } from '../../delivery/settings.ts'
import { CommandError, exitCodes, usageError } from '../exit.ts'
import { type Profile, readProfiles } from './profiles.ts'

export type Target =
  | {
      readonly kind: 'server'
      readonly url: string
      readonly key: string | null
      readonly profile: string | null
      readonly isProduction: boolean
    }
  /** The API runs in this process: after `outbox init` there is a database, and perhaps nothing that serves. */
  | { readonly kind: 'database' }

export interface TargetOptions {
  readonly api?: string | undefined
  readonly apiKey?: string | undefined
  readonly profile?: string | undefined
  readonly databaseUrl?: string | undefined
}

export function findTarget(options: TargetOptions, env: Environment, folder = process.cwd()): Target {
  const key = options.apiKey ?? env.OUTBOX_API_KEY ?? null
  const server = (url: string, ownKey = key): Target => ({
    kind: 'server',
    url: validUrl(url),
    key: ownKey,
    profile: null,
    isProduction: false,
  })
  const profileOf = (name: string) => fromProfile(env, name, key)
  if (options.api) return server(options.api)
  if (options.profile) return profileOf(options.profile)
  if (options.databaseUrl) return { kind: 'database' }
  if (env.OUTBOX_URL) return server(env.OUTBOX_URL)
  if (env.OUTBOX_PROFILE) return profileOf(env.OUTBOX_PROFILE)
  if (env.DATABASE_URL_UNPOOLED) return { kind: 'database' }
  const preferred = readProfiles(env).default
  if (preferred !== undefined) return profileOf(preferred)
  const running = findRunning(folder)
  if (running) return server(running.url, key ?? running.apiKey)
  throw usageError(
    'No outbox is named: use --api, set OUTBOX_URL and OUTBOX_API_KEY, run outbox login, or start npm run dev or outbox init here.',
  )
}

function validUrl(url: string): string {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url.replace(/\/+$/, '')
  throw usageError('The address of the outbox is not valid: expected http:// or https://.')
}

function fromProfile(env: Environment, name: string, key: string | null): Target {
  const profiles = readProfiles(env).profile
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined
  if (!profile) {
    const known = Object.keys(profiles)
    throw new CommandError(
      exitCodes.notFound,
      `There is no profile ${name}: ${known.length > 0 ? `known are ${known.join(', ')}` : 'make one with outbox login'}.`,
    )
  }
  return {
    kind: 'server',
    url: validUrl(profile.url),
    key: key ?? keyOf(name, profile),
    profile: name,
    isProduction: profile.production ?? false,
  }
}

function keyOf(name: string, { key, key_command }: Profile): string | null {
  if (key_command === undefined) return key ?? null
  try {
    return execSync(key_command, { encoding: 'utf8', stdio: ['inherit', 'pipe', 'inherit'] }).trim()
  } catch {
    throw new CommandError(exitCodes.notAllowed, `The key_command of profile ${name} did not end well.`)
  }
}

/** What `npm run dev` writes when it is ready (dev/running.ts), here or in a folder above. */
function findRunning(folder: string): { url: string; apiKey: string | null } | null {
  for (let at = resolve(folder); ; at = dirname(at)) {
    try {
      return JSON.parse(readFileSync(join(at, '.outbox/running.json'), 'utf8'))
    } catch {
      if (dirname(at) === at) return null
    }
  }
}
