// Who sends, and whether every change is captured, in rows of three: what, its state, and what that says.
import { html } from 'hono/html'
import type { CaptureCheck } from '../../drizzle/capture-health.ts'
import { type Listeners, silentAfterSeconds } from '../system/listeners/schema.ts'
import { ago, type Child, type Html, state } from './parts.ts'
import type { View } from './view.ts'
import { count, counted } from './words.ts'

export interface Said {
  readonly what: Child
  readonly state: Child
  readonly says: Child
  readonly version?: string
}

/** The cron function runs every minute. */
const lateCronSeconds = 180

export function senderRows({ data, held, ...cron }: Listeners, view: View): Said[] {
  const listeners = data.map(({ name, state: how, last_heartbeat, in_flight, version }): Said => {
    const heartbeat = html`Heartbeat ${ago(last_heartbeat, view)}`
    return {
      what: html`Listener <code>${name}</code>`,
      version,
      state:
        how === 'silent'
          ? state('interrupted', 'Silent')
          : state('active', how === 'awake' ? 'Awake' : 'Asleep'),
      says:
        how === 'silent'
          ? html`${heartbeat}. Its leases end by themselves and others take over. Restart it if it stays silent for more than ${silentAfterSeconds} s.`
          : how === 'awake'
            ? html`${heartbeat}. It carries ${counted(in_flight, 'request')}.`
            : html`${heartbeat}. A notification wakes it.`,
    }
  })
  const none: Said = {
    what: 'Listeners',
    state: state('disabled', 'None'),
    says: 'None gave a sign of life within the last hour. The cron function delivers, once a minute.',
  }
  return [...heldRow(held), ...(listeners.length === 0 ? [none] : listeners), cronRow(cron, view)]
}

/** First, because while it is there nothing else matters. */
const heldRow = (held: string | null): Said[] =>
  held === null ? [] : [{ what: 'Database', state: state('cross', 'Held'), says: held }]

type CronRuns = Pick<Listeners, 'last_cron_run' | 'last_failed_cron_run'>

function cronRow({ last_cron_run: cron, last_failed_cron_run: failed }: CronRuns, view: View): Said {
  const what = 'Cron function'
  if (failed !== null && (cron === null || failed.failed_at > cron.finished_at))
    return {
      what,
      version: failed.version,
      state: state('cross', 'Failed'),
      says: html`Its last run, ${ago(failed.failed_at, view)}: ${failed.failure}. ${cron === null ? 'None before it came to its end.' : html`The last that came to its end was ${ago(cron.finished_at, view)}.`} Its log says more.`,
    }
  if (cron === null)
    return {
      what,
      state: state('interrupted', 'Never ran'),
      says: 'It has never come to its end. Listeners deliver without it; it is the second plane.',
    }
  const isLate = view.now.getTime() - Date.parse(cron.finished_at) > lateCronSeconds * 1000
  return {
    what,
    version: cron.version,
    state: isLate ? state('interrupted', 'Late') : state('tick', 'On time'),
    says: html`Last run ${ago(cron.finished_at, view)}: ${count(cron.delivered)} delivered, ${count(cron.failed)} failed; it ended because of: ${cron.stopped}.`,
  }
}

/** The checks compare each watched table with its watch. They come after the page that only names their result. */
export const checksPlace = (view: View): Said => ({
  what: html`<a href="${view.base}/system#checks">Capture</a>`,
  state: '',
  says: html`<span data-include="${view.base}/system" data-from="capture"><a href="${view.base}/system#checks">Look at the checks</a></span>`,
})

/** Their result, for the pages that include it. */
export function checksResult(checks: readonly CaptureCheck[]): Html {
  const failing = checks.filter(({ healthy }) => !healthy)
  return html`<span id="capture">${
    failing.length === 0
      ? html`${state('tick', `All ${checks.length} hold`)} Every watched table has its triggers, and new events become deliveries in time.`
      : html`${state('cross', `${failing.length} of ${checks.length} do not hold`)} ${failing[0]!.advice}`
  }</span>`
}
