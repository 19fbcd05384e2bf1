// A listener as a process that lacks something: memory, sockets, somebody to read what it says, processor time.
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { atEnd } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { hostile } from '../support/hostile.ts'
import { startListenerProcess } from '../support/listener-process.ts'
import { addEndpoint, deliveryStates, emit, emitAtOnce } from '../support/outbox.ts'
import { ok, startRawReceiver } from '../support/raw-receiver.ts'
import { startReceiver } from '../support/receiver.ts'
import { scene } from '../support/topology.ts'

const onLinux = process.platform === 'linux'
const quick = { OUTBOX_POLL_SECONDS: '0.2' }

describe('a listener', () => {
  test.runIf(onLinux)(
    'that may open 256 files serves 500 endpoints, and what had no socket cost nobody an attempt (needs prlimit)',
    async () => {
      const { db, client } = await scene(undefined, { event_types: ['nothing'] })
      // Each endpoint is a host of its own, so that each keeps a connection.
      const receiver = await startRawReceiver(socket => socket.write(ok()), { host: '0.0.0.0' })
      for (let n = 0; n < 500; n++)
        await addEndpoint(client, {
          url: `http://127.0.${Math.floor(n / 250)}.${1 + (n % 250)}:${receiver.port}/`,
        })
      await emitAtOnce(client, 1)
      const replica = await startListenerProcess(db.url, quick, { wrapper: ['prlimit', '--nofile=256'] })
      await eventually(async () => (await deliveryStates(client)).delivered === 500, { timeoutMs: 60_000 })
      const { rows } = await client.query(`select distinct error from outbox.attempts order by error`)
      expect(rows).toEqual([{ error: 'exhausted' }, { error: null }])
      const costs = await client.query('select max(attempt - retry_base)::int as most from outbox.deliveries')
      expect(costs.rows).toEqual([{ most: 1 }])
      expect((await replica.ask('/livez')).status).toBe(200)
    },
    120_000,
  )

  test.runIf(onLinux)(
    'that gets every kind of bomb for an answer survives within 256 MB, and serves the good endpoints',
    async () => {
      const { db, client, receiver } = await scene()
      const bad = await startReceiver(hostile)
      const bombs = [
        'flood',
        'gzip-bomb',
        'huge-header/2000000',
        'many-headers/5000',
        'early-hints',
        'drip-body',
        'drip-headers',
        'reset-in-body',
        'two-lengths',
        'garbage',
        'hang',
      ]
      for (const path of bombs)
        await addEndpoint(client, { url: `${bad.url}/${path}`, timeout_seconds: 1, max_in_flight: 8 })
      const replica = await startListenerProcess(db.url, {
        ...quick,
        OUTBOX_RETRY_SCHEDULE: '0.1,0.1,0.1,0.1,0.1',
        // What Node allows itself in a container of that size.
        NODE_OPTIONS: '--max-old-space-size=128',
      })
      for (let n = 0; n < 5; n++) {
        await emitAtOnce(client, 50)
        await receiver.waitFor((n + 1) * 50, { timeoutMs: 60_000 })
      }
      await eventually(() => bombs.every(path => bad.requests.some(r => r.path === `/${path}`)))
      const status = readFileSync(`/proc/${replica.pid}/status`, 'utf8')
      expect(Number(/VmHWM:\s+(\d+) kB/.exec(status)![1])).toBeLessThan(256 << 10)
      // Whatever they answered is an attempt, and none of it an error that nobody expected.
      expect(replica.said()).not.toMatch(/an attempt threw|Error/)
      await bad.stop()
      replica.signal('SIGKILL')
    },
    120_000,
  )

  test('whose output nobody reads, though somebody could, delivers on and ends when told to', async () => {
    const { db, client } = await scene()
    const dir = mkdtempSync(join(tmpdir(), 'outbox-pipe-'))
    atEnd(() => rmSync(dir, { recursive: true }))
    expect(spawnSync('mkfifo', [join(dir, 'pipe')]).status).toBe(0)
    // Open in both directions: there is a reader, and it does not read.
    const pipe = openSync(join(dir, 'pipe'), 'r+')
    const replica = await startListenerProcess(
      db.url,
      { OUTBOX_REQUEST_TIMEOUT_SECONDS: '5' },
      { output: pipe },
    )
    closeSync(pipe)
    // Ten times what the pipe holds.
    await emitAtOnce(client, 2_000)
    await eventually(async () => (await deliveryStates(client)).delivered === 2_000, { timeoutMs: 60_000 })
    replica.signal('SIGTERM')
    expect(await replica.exited).toBe(0)
  })

  test('that stands still for a fifth of each second keeps its leases', async () => {
    const { db, client, receiver } = await scene()
    const env = { ...quick, OUTBOX_REQUEST_TIMEOUT_SECONDS: '1', OUTBOX_LEASE_SECONDS: '6' }
    const replicas = [await startListenerProcess(db.url, env), await startListenerProcess(db.url, env)]
    for (let n = 0; n < 5; n++) {
      await emitAtOnce(client, 100)
      replicas[0]!.signal('SIGSTOP')
      await pause(200)
      replicas[0]!.signal('SIGCONT')
      await pause(800)
    }
    await eventually(async () => (await deliveryStates(client)).delivered === 500)
    expect(receiver.requests).toHaveLength(500)
  })

  test('answers its probes while it turns, and neither when it is stuck', async () => {
    const { db } = await scene()
    const replica = await startListenerProcess(db.url, quick)
    await eventually(async () => (await replica.ask('/readyz')).status === 200)
    replica.signal('SIGSTOP')
    for (const probe of ['/livez', '/readyz'])
      await expect(replica.ask(probe, 300)).rejects.toThrow('timeout')
    replica.signal('SIGCONT')
    expect((await replica.ask('/livez')).status).toBe(200)
  })

  test('is one of two with different names, even on one host', async () => {
    const { db } = await scene()
    const replicas = await Promise.all([startListenerProcess(db.url), startListenerProcess(db.url)])
    const [one, other] = replicas.map(replica => /"name":"(listener-[^"]+)"/.exec(replica.said())![1])
    expect(one).not.toBe(other)
    expect(one).toMatch(/-[0-9a-f]{12}$/)
  })
})

describe('an event that kills whoever sends it', () => {
  test('is dead when its attempts are used up, with growing waits between the crashes, and the others are delivered', async () => {
    let replica: Awaited<ReturnType<typeof startListenerProcess>>
    const { db, client, receiver } = await scene(({ body }) => {
      if (!body.includes('poison')) return 200
      replica.signal('SIGKILL')
    })
    const env = {
      ...quick,
      OUTBOX_RETRY_SCHEDULE: '0,3,0',
      OUTBOX_REQUEST_TIMEOUT_SECONDS: '0.5',
      OUTBOX_LEASE_SECONDS: '5.5',
    }
    replica = await startListenerProcess(db.url, env)
    await client.query(`select outbox.emit('poison', '{}')`)
    let crashes = 0
    const poisoned = async () =>
      (
        await client.query(
          `select state, reason, attempt from outbox.deliveries d join outbox.events e on e.id = d.event_id where e.type = 'poison'`,
        )
      ).rows[0]
    while ((await poisoned())?.state !== 'dead') {
      if ((await Promise.race([replica.exited, pause(200)])) !== 'SIGKILL') continue
      crashes++
      // Time is the database's, so it can be moved.
      await client.query(
        `update outbox.deliveries set leased_until = clock_timestamp() where state = 'sending'`,
      )
      replica = await startListenerProcess(db.url, env)
      await emit(client, 5)
    }
    expect(crashes).toBe(4)
    expect(await poisoned()).toEqual({ state: 'dead', reason: 'interrupted', attempt: 4 })
    await eventually(async () => (await deliveryStates(client)).delivered === 20)
    const killers = receiver.requests.filter(r => r.body.includes('poison'))
    expect(new Set(killers.map(r => r.headers['webhook-id'])).size).toBe(1)
    // The second crash in a row waits as any failure would.
    expect(killers[2]!.at - killers[1]!.at).toBeGreaterThan(2_300)
  }, 120_000)
})
