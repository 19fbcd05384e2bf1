// Listeners that freeze, stop or die with requests in flight: what is sent twice, which attempts are recorded, how it ends.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { startListenerProcess } from '../support/listener-process.ts'
import { deliveryStates, emitAtOnce, endLeases } from '../support/outbox.ts'
import type { Receiver, Respond } from '../support/receiver.ts'
import { setUp } from '../support/topology.ts'

const asProcess1 = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
const canUnshare = spawnSync(asProcess1[0]!, [...asProcess1.slice(1), 'true']).status === 0

const quick = {
  OUTBOX_REQUEST_TIMEOUT_SECONDS: '0.5',
  OUTBOX_LEASE_SECONDS: '5.5',
  OUTBOX_POLL_SECONDS: '0.2',
  OUTBOX_RETRY_SCHEDULE: '60',
}

describe('with requests in flight', () => {
  test('a listener frozen past its leases sends nothing more and changes no outcome when it resumes', async () => {
    const hold = Promise.withResolvers<void>()
    const answer: Respond = async ({ nth }) => {
      if (nth === 1) await hold.promise
      return 200
    }
    const { db, client, receiver } = await setUp(answer, { timeout_seconds: 0.5 })
    const frozen = await startListenerProcess(db.url, quick)
    await emitAtOnce(client, 32)
    await receiver.waitFor(32)
    frozen.signal('SIGSTOP')
    // Its leases run out at once: leases follow the database's time, so the test can move them.
    await endLeases(client)
    const other = await startListenerProcess(db.url, quick)
    await eventually(async () => (await deliveryStates(client)).delivered === 32)
    expect(await attempts(client, `number = 1 and error = 'interrupted'`)).toBe(32)
    hold.resolve()
    frozen.signal('SIGCONT')
    // It settles its requests in flight: its attempts get their real result, and the deliveries keep their outcome.
    await eventually(async () => (await attempts(client, `error = 'interrupted'`)) === 0)
    for (const listener of [frozen, other]) {
      listener.signal('SIGTERM')
      expect(await listener.exited).toBe(0)
    }
    expect(await deliveryStates(client)).toEqual({ delivered: 32 })
    expect(receiver.requests).toHaveLength(64)
    expect(await attempts(client, 'true')).toBe(64)
  })

  test('a stopping listener finishes its slow requests and exits with 0, and nothing is sent twice', async () => {
    const hold = Promise.withResolvers<void>()
    const { db, client, receiver } = await setUp(async () => {
      await hold.promise
      return 200
    })
    const listeners = [await startListenerProcess(db.url), await startListenerProcess(db.url)]
    await emitAtOnce(client, 30)
    await receiver.waitFor(30)
    for (const listener of listeners) listener.signal('SIGTERM')
    hold.resolve()
    expect(await Promise.all(listeners.map(listener => listener.exited))).toEqual([0, 0])
    await startListenerProcess(db.url)
    await eventually(async () => (await deliveryStates(client)).delivered === 30)
    expect(receiver.requests).toHaveLength(30)
  })

  test('a stopping listener waits for an unanswered request no longer than its timeout', async () => {
    const { db, client, receiver } = await setUp(() => null)
    const listener = await startListenerProcess(db.url, { ...quick, OUTBOX_RETRY_SCHEDULE: '0' })
    await emitAtOnce(client, 3)
    await receiver.waitFor(3)
    listener.signal('SIGTERM')
    expect(await listener.exited).toBe(0)
    expect(await attempts(client, `error = 'timeout'`)).toBe(receiver.requests.length)
  })

  test('after a kill, at most the requests in flight are sent again, with the same ids and bytes', async () => {
    const answer: Respond = ({ nth }) => (nth === 1 && receiver.requests.length <= 30 ? null : 200)
    const { db, client, receiver } = await setUp(answer, { max_in_flight: 30 })
    const killed = await startListenerProcess(db.url)
    await emitAtOnce(client, 100)
    await receiver.waitFor(30)
    killed.signal('SIGKILL')
    expect(await killed.exited).toBe('SIGKILL')
    await endLeases(client)
    await startListenerProcess(db.url, { OUTBOX_POLL_SECONDS: '0.2' })
    await eventually(async () => (await deliveryStates(client)).delivered === 100)
    expect(receiver.requests).toHaveLength(130)
    expect(distinctBodies(receiver)).toBe(100)
    expect(await attempts(client, `error = 'interrupted'`)).toBe(30)
  })

  test.runIf(canUnshare)(
    'a stopping listener that is process 1 of a container finishes its requests and exits with 0 (needs root)',
    async () => {
      const hold = Promise.withResolvers<void>()
      const { db, client, receiver } = await setUp(async () => {
        await hold.promise
        return 200
      })
      const container = await startListenerProcess(db.url, {}, { wrapper: asProcess1 })
      const inside = readFileSync(`/proc/${container.pid}/task/${container.pid}/children`, 'utf8').trim()
      expect(readFileSync(`/proc/${inside}/status`, 'utf8')).toMatch(/^NSpid:.*\t1$/m)
      await emitAtOnce(client, 5)
      await receiver.waitFor(5)
      process.kill(Number(inside), 'SIGTERM')
      hold.resolve()
      expect(await container.exited).toBe(0)
      expect(await deliveryStates(client)).toEqual({ delivered: 5 })
    },
  )
})

async function attempts(client: pg.Client, where: string): Promise<number> {
  const { rows } = await client.query(`select count(*)::int as n from outbox.attempts where ${where}`)
  return rows[0].n
}

function distinctBodies(receiver: Receiver): number {
  return new Set(receiver.requests.map(r => `${r.headers['webhook-id']} ${r.body}`)).size
}
