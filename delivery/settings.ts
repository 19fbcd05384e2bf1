// The settings that both senders share, and the functions that read any setting: each runtime's settings.ts uses them.
import { type Cidr, parseCidr } from './address.ts'
import type { Retention } from './retention.ts'
import { defaultRetrySchedule } from './retry.ts'
import { parseMasterKeys } from './secrets.ts'
import { databasePorts } from './url.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Says which setting, what was expected and what happens now. Never the value: it may be a secret. */
export class SettingsError extends Error {
  constructor(message: string) {
    super(`${message} Not starting.`)
    this.name = 'SettingsError'
  }
}

/** What holds for every sender, and for who looks after their leases. */
export interface DeliveryRules {
  /** Seconds after attempt 1, 2, … */
  readonly retrySchedule: readonly number[]
  readonly requestTimeoutSeconds: number
  readonly leaseSeconds: number
  /** An endpoint is disabled after so long with nothing but failures. */
  readonly disableAfterSeconds: number
  readonly privateNetworks: readonly Cidr[]
  readonly allowHttp: boolean
  /** Ports from 1024 on that webhooks are not sent to. */
  readonly blockedPorts: readonly number[]
  /** null = everything is kept. */
  readonly retention: Retention | null
}

export interface DeliverySettings extends DeliveryRules {
  /** For openKeyring. */
  readonly masterKeys: string
}

/** How many endpoints /metrics names: those with the largest backlogs. */
export function metricsEndpoints(env: Environment): number {
  return integer(env, 'OUTBOX_METRICS_ENDPOINTS', { default: 0, min: 0, max: 50 })
}

/** For how long the history of the attempts is kept by the minute; by the hour it is kept twelve times as long. */
export function historyDays(env: Environment): number {
  return integer(env, 'OUTBOX_HISTORY_DAYS', { default: 31, min: 1, max: 3_650 })
}

/** So often a sender that lets its database sleep looks for what nobody rang for. */
export function sleepLookSeconds(env: Environment): number {
  return seconds(env, 'OUTBOX_SLEEP_LOOK_SECONDS', { default: 3600, min: 1, max: 86_400 })
}

export function readDeliverySettings(env: Environment): DeliverySettings {
  return Object.freeze({ masterKeys: masterKeys(env), ...readRules(env) })
}

export function readRules(env: Environment): DeliveryRules {
  const requestTimeoutSeconds = seconds(env, 'OUTBOX_REQUEST_TIMEOUT_SECONDS', {
    default: 15,
    min: 0.1,
    max: 60,
  })
  const leaseSeconds = seconds(env, 'OUTBOX_LEASE_SECONDS', { default: 60, min: 1, max: 3600 })
  if (leaseSeconds < requestTimeoutSeconds + leaseMarginSeconds) {
    throw new SettingsError(
      `OUTBOX_LEASE_SECONDS must exceed OUTBOX_REQUEST_TIMEOUT_SECONDS by at least ${leaseMarginSeconds}: ` +
        'otherwise the lease of a slow delivery ends while its request is under way, and it is sent twice.',
    )
  }
  return Object.freeze({
    retrySchedule: retrySchedule(env),
    requestTimeoutSeconds,
    leaseSeconds,
    disableAfterSeconds: seconds(env, 'OUTBOX_DISABLE_AFTER_SECONDS', {
      default: 5 * 86_400,
      min: 0.01,
      max: 365 * 86_400,
    }),
    privateNetworks: cidrs(env, 'OUTBOX_ALLOW_PRIVATE_NETWORKS'),
    allowHttp: flag(env, 'OUTBOX_ALLOW_HTTP', false),
    blockedPorts: ports(env, 'OUTBOX_BLOCKED_PORTS'),
    retention: retention(env),
  })
}

const maxRetentionDays = 36_500

function retention(env: Environment): Retention | null {
  const kept = retentionPerType(env)
  const isSet = read(env, 'OUTBOX_RETENTION_DAYS') !== null
  if (!isSet && kept.length > 0)
    throw new SettingsError(
      'OUTBOX_RETENTION_DAYS_PER_TYPE is set and OUTBOX_RETENTION_DAYS is not: expected both, because without the second everything is kept.',
    )
  if (!isSet) return null
  const days = integer(env, 'OUTBOX_RETENTION_DAYS', { default: 1, min: 1, max: maxRetentionDays })
  if (kept.some(type => type.days < days))
    throw new SettingsError(
      'OUTBOX_RETENTION_DAYS_PER_TYPE has fewer days than OUTBOX_RETENTION_DAYS: expected more, because events go by partitions, ' +
        'and types can only be kept for longer. Set OUTBOX_RETENTION_DAYS to the shortest.',
    )
  return Object.freeze({ days, kept })
}

function retentionPerType(env: Environment): Retention['kept'] {
  const name = 'OUTBOX_RETENTION_DAYS_PER_TYPE'
  const pairs = read(env, name)?.split(',') ?? []
  const kept = pairs.map(pair => {
    const [, type = '', days = ''] = /^ *([^= ]+) *= *(\d+) *$/.exec(pair) ?? []
    return { type, days: Number(days) }
  })
  if (kept.every(({ type, days }) => type !== '' && days >= 1 && days <= maxRetentionDays))
    return Object.freeze(kept)
  throw expected(
    name,
    `type=days pairs with commas between them, such as order.*=365, days from 1 to ${maxRetentionDays}`,
  )
}

/** Time to claim before the request and to settle after it. */
export const leaseMarginSeconds = 5

/** The longest retry schedule of an endpoint or of OUTBOX_RETRY_SCHEDULE: 50 waits of 30 days. */
export const maxRetries = 50
export const maxRetryWaitSeconds = 30 * 86_400

function masterKeys(env: Environment): string {
  return text(env, 'OUTBOX_MASTER_KEYS', {
    expected: 'id:key pairs with commas between them, each id different, each key 32 bytes in base64',
    accepts: value => parseMasterKeys(value) !== null,
  })
}

function retrySchedule(env: Environment): readonly number[] {
  const name = 'OUTBOX_RETRY_SCHEDULE'
  const value = read(env, name)
  if (value === null) return defaultRetrySchedule
  const waits = value.split(',').map(decimal)
  if (waits.length > maxRetries || !waits.every(wait => wait <= maxRetryWaitSeconds)) {
    throw expected(
      name,
      `at most ${maxRetries} numbers of seconds with commas between them, none over 30 days`,
    )
  }
  return Object.freeze(waits)
}

interface Range {
  readonly default: number
  readonly min: number
  readonly max: number
}

/** Decimals are allowed. */
export function seconds(env: Environment, name: string, range: Range): number {
  const value = read(env, name)
  const number = value === null ? range.default : decimal(value)
  if (number >= range.min && number <= range.max) return number
  throw expected(name, `a number of seconds from ${range.min} to ${range.max}`)
}

export function integer(env: Environment, name: string, range: Range): number {
  const value = read(env, name)
  const number = value === null ? range.default : decimal(value)
  if (Number.isInteger(number) && number >= range.min && number <= range.max) return number
  throw expected(name, `a whole number from ${range.min} to ${range.max}`)
}

export function flag(env: Environment, name: string, byDefault: boolean): boolean {
  const value = read(env, name)
  if (value === null) return byDefault
  if (value === 'true' || value === 'false') return value === 'true'
  throw expected(name, 'true or false')
}

/** Networks such as 10.0.0.0/8 with commas between them; none when the setting is not set. */
export function cidrs(env: Environment, name: string): readonly Cidr[] {
  const networks = (read(env, name)?.split(',') ?? []).map(part => parseCidr(part.trim()))
  if (networks.every(network => network !== null)) return Object.freeze(networks)
  throw expected(
    name,
    'networks such as 10.0.0.0/8 or ::1/128 with commas between them, no bits set behind the prefix',
  )
}

function ports(env: Environment, name: string): readonly number[] {
  const value = read(env, name)
  if (value === null) return databasePorts
  const numbers = value === 'none' ? [] : value.split(',').map(decimal)
  if (numbers.every(port => Number.isInteger(port) && port >= 1024 && port <= 65_535))
    return Object.freeze(numbers)
  throw expected(name, 'ports from 1024 to 65535 with commas between them, or none')
}

/** A required setting, in a form that the caller checks. */
export function text(
  env: Environment,
  name: string,
  form: { expected: string; accepts: (value: string) => boolean },
): string {
  const value = read(env, name)
  if (value === null) throw new SettingsError(`${name} is not set: expected ${form.expected}.`)
  if (!form.accepts(value)) throw expected(name, form.expected)
  return value
}

/** null when the setting is not set. Empty counts as not set: compose files pass on unset variables like that. */
export function read(env: Environment, name: string): string | null {
  return env[name]?.trim() || null
}

export function expected(name: string, form: string): SettingsError {
  return new SettingsError(`${name} is not valid: expected ${form}.`)
}

/** NaN unless the text is plain digits, with or without decimals: no sign, no exponent, no hexadecimal. */
function decimal(value: string): number {
  return /^\d{1,12}(\.\d{1,9})?$/.test(value.trim()) ? Number(value) : Number.NaN
}
