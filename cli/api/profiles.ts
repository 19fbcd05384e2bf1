// Profiles: installations by name, in a file of the user's own. `key_command` keeps the key out of it.
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { parse, stringify } from 'smol-toml'
import type { Environment } from '../../delivery/settings.ts'
import { usageError } from '../exit.ts'

export interface Profile {
  readonly url: string
  readonly key?: string
  /** A command of the shell that prints the key, such as `op read op://team/outbox/key`. */
  readonly key_command?: string
  /** Bulk changes ask for its name. */
  readonly production?: boolean
}

export interface Profiles {
  /** The name of the one that is used where nothing else is said. */
  readonly default?: string
  readonly profile: Readonly<Record<string, Profile>>
}

export function profilesFile(env: Environment): string {
  return join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config'), 'outbox', 'config.toml')
}

export function readProfiles(env: Environment): Profiles {
  const file = profilesFile(env)
  const text = readOrNull(file)
  if (text === null) return { profile: {} }
  const profiles = parsed(file, text)
  const hasKey = Object.values(profiles.profile).some(({ key }) => key !== undefined)
  if (hasKey && process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
    throw usageError(`${file} has a key and others may read it: chmod 600 ${file}.`)
  return profiles
}

export function writeProfiles(env: Environment, profiles: Profiles): void {
  const file = profilesFile(env)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(file, `${stringify(profiles)}\n`, { mode: 0o600 })
  chmodSync(file, 0o600)
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw usageError(`${file} cannot be read (${code}).`)
  }
}

/** The parser's own message quotes the line, which may be the key. */
function parsed(file: string, text: string): Profiles {
  let found: { default?: unknown; profile?: Record<string, Record<string, unknown>> }
  try {
    found = parse(text)
  } catch {
    throw usageError(`${file} is not valid TOML.`)
  }
  for (const [name, { url }] of Object.entries(found.profile ?? {}))
    if (typeof url !== 'string' || !URL.canParse(url))
      throw usageError(`${file}: profile ${name} needs a url, such as https://outbox.example.com.`)
  return { profile: {}, ...found } as unknown as Profiles
}
