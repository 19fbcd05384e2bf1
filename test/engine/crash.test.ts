// Replicas that freeze, stop and die with requests in flight: what is sent twice, what the books say, what it ends in.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { startListenerProcess } from '../support/listener-process.ts'
import { deliveryStates, emitAtOnce } from '../support/outbox.ts'
import type { Receiver, Respond } from '../support/receiver.ts'
import { scene } from '../support/topology.ts'

const asProcess1 = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
const canUnshare = spawnSync(asProcess1[0]!, [...asProcess1.slice(1), 'true']).status === 0

const impatient = {
  OUTBOX_REQUEST_TIMEOUT_SECONDS: '0.5',
  OUTBOX_LEASE_SECONDS: '5.5',
  OUTBOX_POLL_SECONDS: '0.2',
  OUTBOX_RETRY_SCHEDULE: '60',
}

describe('a replica', () => {
  test('that is frozen past its lease, and thaws after another has delivered, changes nothing and sends nothing more', async () => {
    const hold = Promise.withResolvers<void>()
    const answer: Respond = async ({ nth }) => {
      if (nth === 1) await hold.promise
      return 200
    }
    const { db, client, receiver } = await scene(answer, { timeout_seconds: 0.5 })
    const frozen = await startListenerProcess(db.url, impatient)
    await emitAtOnce(client, 32)
    await receiver.waitFor(32)
    frozen.signal('SIGSTOP')
    // Its leases run out at once: time is the database's, so it can be moved.
    await client.query(
      `update outbox.deliveries set leased_until = clock_timestamp() where state = 'sending'`,
    )
    const other = await startListenerProcess(db.url, impatient)
    await eventually(async () => (await deliveryStates(client)).delivered === 32)
    expect(await attempts(client, `number = 1 and error = 'interrupted'`)).toBe(32)
    hold.resolve()
    frozen.signal('SIGCONT')
    // It settles what it had in flight: the guess gives way to what it saw, and the outcome stays as it is.
    await eventually(async () => (await attempts(client, `error = 'interrupted'`)) === 0)
    for (const replica of [frozen, other]) {
      replica.signal('SIGTERM')
      expect(await replica.exited).toBe(0)
    }
    expect(await deliveryStates(client)).toEqual({ delivered: 32 })
    expect(receiver.requests).toHaveLength(64)
    expect(await attempts(client, 'true')).toBe(64)
  })

  test('that is told to stop finishes its slow requests, exits with 0 and doubles nothing', async () => {
    const hold = Promise.withResolvers<void>()
    const { db, client, receiver } = await scene(async () => {
      await hold.promise
      return 200
    })
    const replicas = [await startListenerProcess(db.url), await startListenerProcess(db.url)]
    await emitAtOnce(client, 30)
    await receiver.waitFor(30)
    for (const replica of replicas) replica.signal('SIGTERM')
    hold.resolve()
    expect(await Promise.all(replicas.map(replica => replica.exited))).toEqual([0, 0])
    await startListenerProcess(db.url)
    await eventually(async () => (await deliveryStates(client)).delivered === 30)
    expect(receiver.requests).toHaveLength(30)
  })

  test('that is told to stop while a receiver never answers waits for the time limit and no longer', async () => {
    const { db, client, receiver } = await scene(() => null)
    const replica = await startListenerProcess(db.url, { ...impatient, OUTBOX_RETRY_SCHEDULE: '0' })
    await emitAtOnce(client, 3)
    await receiver.waitFor(3)
    replica.signal('SIGTERM')
    expect(await replica.exited).toBe(0)
    expect(await attempts(client, `error = 'timeout'`)).toBe(receiver.requests.length)
  })

  test('that is killed costs at most what it had in flight, with the same ids and the same bytes', async () => {
    const answer: Respond = ({ nth }) => (nth === 1 && receiver.requests.length <= 30 ? null : 200)
    const { db, client, receiver } = await scene(answer, { max_in_flight: 30 })
    const killed = await startListenerProcess(db.url)
    await emitAtOnce(client, 100)
    await receiver.waitFor(30)
    killed.signal('SIGKILL')
    expect(await killed.exited).toBe('SIGKILL')
    await client.query(
      `update outbox.deliveries set leased_until = clock_timestamp() where state = 'sending'`,
    )
    await startListenerProcess(db.url, { OUTBOX_POLL_SECONDS: '0.2' })
    await eventually(async () => (await deliveryStates(client)).delivered === 100)
    expect(receiver.requests).toHaveLength(130)
    expect(distinctBodies(receiver)).toBe(100)
    expect(await attempts(client, `error = 'interrupted'`)).toBe(30)
  })

  test.runIf(canUnshare)(
    'as process 1 of a container finishes what is under way when it is told to stop, and exits with 0 (needs root)',
    async () => {
      const hold = Promise.withResolvers<void>()
      const { db, client, receiver } = await scene(async () => {
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
