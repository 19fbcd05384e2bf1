// The checks that ask the API, in the order in which one explains the next. Nothing here needs the database.
import { version } from '../../delivery/version.ts'
import type { Delivery } from '../../functions/deliveries/schema.ts'
import type { ListedEndpoint } from '../../functions/endpoints/schema.ts'
import type { ListedApiKey } from '../../functions/keys/schema.ts'
import type { CaptureHealth } from '../../functions/system/capture-health/schema.ts'
import type { Listeners } from '../../functions/system/listeners/schema.ts'
import type { SecretsHealth } from '../../functions/system/secrets-health/schema.ts'
import type { Stats } from '../../functions/system/stats/schema.ts'
import type { Answer } from '../api/answers.ts'
import type { ApiClient } from '../api/client.ts'
import { CommandError, exitCodes } from '../exit.ts'
import { groupBy } from '../group-by.ts'
import { duration } from '../output.ts'
import { type Check, type Finding, fail, ok, warn } from './finding.ts'
import { cronFinding, egressFinding, expiryFinding } from './senders.ts'

type Page<Row> = { readonly data: readonly Row[] }

const maxSkewSeconds = 60
/** What waits longer than this is late. */
const lateSeconds = 60

/** Without one of these the others have nothing to say. */
const first: Readonly<Record<string, Check<ApiClient>>> = {
  async api(client) {
    await client.get('/healthz')
    return ok(`answers at ${client.baseUrl}`)
  },
  async 'api key'(client) {
    await client.get('/v1/endpoints', { limit: 1 })
    return ok('it is accepted')
  },
}

const others: Readonly<Record<string, Check<ApiClient>>> = {
  async encryption({ baseUrl }) {
    const { protocol, hostname } = new URL(baseUrl)
    return protocol === 'https:' || /^(localhost|127\.|\[::1)/.test(hostname)
      ? ok('the API is reached safely')
      : fail('the API is reached without TLS, and everybody on the way reads the key: use https://')
  },
  async 'api scope'(client) {
    await client.get('/v1/keys', { limit: 1 })
    return ok('the key may do everything')
  },
  async clocks(client) {
    const skew = await client.clockSkewSeconds()
    return skew === null || Math.abs(skew) < maxSkewSeconds
      ? ok('this clock and the API’s agree')
      : warn(
          `this clock is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} the API’s: a receiver here would refuse webhooks. Set it, or let it be set (NTP)`,
        )
  },
  async 'database identity'(client) {
    const { held } = await client.get<Answer<typeof Listeners>>('/v1/listeners')
    return held === null ? ok('nothing says that it is a copy of another database') : fail(held)
  },
  async 'active listeners'(client) {
    const { data } = await client.get<Answer<typeof Listeners>>('/v1/listeners')
    const silent = data.filter(({ state }) => state === 'silent')
    if (silent.length > 0)
      return fail(
        `a listener has given no sign of life: ${silent.map(({ name }) => name).join(', ')}. Look at its log, and start it again`,
      )
    return data.length === 0
      ? warn(
          'no listener is alive: start one with outbox listener; until then only the cron function delivers',
        )
      : ok(`${data.length} alive`)
  },
  async 'running versions'(client) {
    const { data } = await client.get<Answer<typeof Listeners>>('/v1/listeners')
    const other = data.filter(listener => listener.version !== version)
    return other.length === 0
      ? ok(`all that runs is version ${version}`)
      : warn(`${other[0]!.name} is ${other[0]!.version}, and this is ${version}: deploy the same everywhere`)
  },
  async 'last cron run'(client) {
    const runs = await client.get<Answer<typeof Listeners>>('/v1/listeners')
    const { last_cron_run: run, last_failed_cron_run: failed } = runs
    return cronFinding(
      run && secondsSince(run.finished_at),
      // An older server does not tell of it.
      failed ? { failure: failed.failure, secondsAgo: secondsSince(failed.failed_at) } : null,
    )
  },
  async 'sealed secrets'(client) {
    const { healthy, keys } = await client.get<SecretsHealth>('/v1/health/secrets')
    const missing = keys.filter(({ configured }) => !configured).map(({ id }) => id ?? 'something else')
    return healthy
      ? ok('every secret opens with a master key of the API')
      : fail(`secrets are sealed under ${missing.join(', ')}, which OUTBOX_MASTER_KEYS of the API lacks`)
  },
  async receivers(client) {
    const { data } = await client.get<Page<ListedEndpoint>>('/v1/endpoints', { limit: 200 })
    const disabled = data.filter(({ state }) => state === 'disabled')
    if (data.length === 0) return warn('there is none, so nothing is delivered: outbox endpoints create')
    return disabled.length > 0
      ? warn(`${disabled.length} are disabled, such as ${disabled[0]!.id}: outbox endpoints resume`)
      : ok(`${data.length}`)
  },
  async backlog(client) {
    const { oldest_pending_seconds: oldest, deliveries } = await client.get<Stats>('/v1/stats')
    return oldest !== null && oldest > lateSeconds
      ? warn(
          `${deliveries.pending} wait, one for ${duration(oldest)}: outbox status shows for which endpoints`,
        )
      : ok('what is due is delivered')
  },
  async 'dead letters'(client) {
    const { deliveries } = await client.get<Stats>('/v1/stats')
    return deliveries.dead > 0
      ? warn(
          `${deliveries.dead} are dead: outbox deliveries list --state dead, then outbox replay --only dead`,
        )
      : ok('none')
  },
  async 'blocked addresses'(client) {
    const pages = await Promise.all(
      ['pending', 'dead'].map(state => client.get<Page<Delivery>>('/v1/deliveries', { state, limit: 200 })),
    )
    const failed = pages.flatMap(({ data }) => data).filter(({ reason }) => reason !== null)
    const byReason = groupBy(failed, ({ reason }) => reason!)
    return egressFinding(
      [...byReason].map(([reason, of]) => ({
        reason,
        n: of.length,
        endpoints: new Set(of.map(({ endpoint_id }) => endpoint_id)).size,
      })),
    )
  },
  async 'expiring keys'(client) {
    const { data } = await client.get<Page<ListedApiKey>>('/v1/keys', { limit: 200 })
    const soonMs = Date.now() + 7 * 86_400_000
    return expiryFinding(
      data
        .filter(({ expires_at }) => expires_at !== null && Date.parse(expires_at) < soonMs)
        .map(({ name, expires_at }) => ({
          name,
          secondsLeft: (Date.parse(expires_at!) - Date.now()) / 1000,
        })),
    )
  },
}

export async function checkApi(client: ApiClient): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [check, look] of Object.entries(first)) {
    const found = await look(client).catch(told)
    findings.push({ check, ...found })
    if (found.result === 'fail') return findings
  }
  for (const [check, look] of Object.entries(others))
    findings.push({ check, ...(await look(client).catch(told)) })
  return [...findings, ...(await checkCapture(client).catch(error => [{ check: 'capture', ...told(error) }]))]
}

async function checkCapture(client: ApiClient): Promise<Finding[]> {
  const { checks } = await client.get<Answer<typeof CaptureHealth>>('/v1/health/capture')
  return checks.map(({ name, healthy, advice }) => ({
    check: name.replaceAll('_', ' '),
    ...(healthy ? ok(advice) : fail(advice)),
  }))
}

function told(error: unknown) {
  if (!(error instanceof CommandError)) throw error
  if (
    error.exitCode === exitCodes.notAllowed &&
    (error.problem as { status?: number } | null)?.status === 403
  )
    return warn('this key may not look: use an admin key that has no tenant')
  return fail(error.message.replaceAll('\n', ' '))
}

const secondsSince = (time: string) => (Date.now() - Date.parse(time)) / 1000
