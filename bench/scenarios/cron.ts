// Cron: a thousand deliveries have failed once and are due again, and no listener runs.
import { monotonicMs, untilTrue } from '../clock.ts'
import { startProxy, startWorker } from '../functions.ts'
import { type Scenario, takeTurns } from '../scenario.ts'
import { isOutboxDone } from '../subjects/outbox.ts'
import { pathsTo, startOutbox } from '../subjects/outbox-system.ts'

const plans = [
  { variant: "a paid plan's 9,000 subrequests", subrequests: 9_000 },
  { variant: "the free plan's 45 subrequests", subrequests: 45 },
]

/** Every receiver takes 50 ms, like one far away. */
export const cron: Scenario = {
  name: 'cron',
  question: 'How many of 1,000 failures does one run of the cron function redeliver, and what does it need?',
  async run({ environment, quick, rounds, record }) {
    const failures = quick ? 100 : 1_000
    await takeTurns(rounds, plans, async ({ variant, subrequests }) => {
      const system = await startOutbox(environment, { paths: pathsTo(20, 'slow'), listeners: 0 })
      const { client } = system.database
      await system.commit(failures)
      await client.query(failOnce)
      const proxy = await startProxy(environment)
      const worker = await startWorker(environment, system.database, proxy, {
        settings: { OUTBOX_CRON_SUBREQUESTS: String(subrequests) },
      })
      await fetch(`${worker.url}/healthz`) // the first request starts the isolate
      const roundTripsBefore = await proxy.roundTrips()
      const start = monotonicMs()
      // Answers when the run is over.
      const answer = await fetch(`${worker.url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`)
      await answer.text()
      const seconds = (monotonicMs() - start) / 1000
      const roundTrips = (await proxy.roundTrips()) - roundTripsBefore
      if (subrequests > failures * 2) {
        await untilTrue(() => system.database.isTrue(isOutboxDone))
      }
      const { received, maxConcurrent } = await environment.receiver.stats()
      await worker.stop()
      await proxy.stop()
      await system.stop()
      const about = { variant, subject: 'Outbox' }
      record({ ...about, metric: 'redelivered in one run', unit: 'webhooks', value: received })
      record({ ...about, metric: 'time', unit: 's', value: seconds })
      record({ ...about, metric: 'requests at once', unit: 'connections', value: maxConcurrent })
      record({ ...about, metric: 'subrequests', unit: 'requests', value: received + roundTrips })
    })
  },
}

/** Makes of every event a delivery that has had its first attempt and is due again. */
const failOnce = `
  with fresh as (delete from outbox.fanout returning event_id),
  failed as (
    insert into outbox.delivery_rows (endpoint_id, event_id, state, attempt, reason)
    select p.id, e.id, 'pending', 1, 'connection'
    from fresh
    join outbox.events e on e.id = fresh.event_id
    join outbox.endpoints p on outbox.matches(p.event_types, e.type)
    returning endpoint_id, event_id
  )
  insert into outbox.attempt_rows (endpoint_id, event_id, number, sender, started_at, duration_ms, error)
  select endpoint_id, event_id, 1, 'listener', clock_timestamp(), 5, 'connection' from failed`
