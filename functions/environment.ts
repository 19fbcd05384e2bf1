// The environment that the outbox reads its settings from: the Worker's, or what the application says in its place.
import type { Environment } from '../delivery/settings.ts'
import type { Env } from './settings.ts'

// biome-ignore lint/suspicious/noExplicitAny: an application's environment has bindings and a type of its own
export type SettingsOption = Environment | ((env: any) => Environment)

export type EnvironmentOf = (env: Env | undefined) => Env

const nothing: Env = {}

/** The same environment gives the same object, by which the settings that were read from it are found again. */
export function overriddenBy(given: SettingsOption | undefined): EnvironmentOf {
  if (given === undefined) return (env = nothing) => env
  const known = new WeakMap<Env, Env>()
  return (env = nothing) => {
    const overridden = known.get(env)
    if (overridden) return overridden
    const settings = typeof given === 'function' ? given(env) : given
    // On Node each request comes with an environment of its own, in which there is nothing to read.
    const key = Object.values(env).some(value => typeof value === 'string') ? env : settings
    const merged = known.get(key) ?? { ...env, ...settings }
    known.set(key, merged)
    return merged
  }
}
