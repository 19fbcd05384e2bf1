// A listener process that lacks memory, sockets, a reader of its output, or processor time.
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
import { addEndpoint, deliveryStates, emit, emitAtOnce, endLeases } from '../support/outbox.ts'
import { ok, startRawReceiver } from '../support/raw-receiver.ts'
import { startReceiver } from '../support/receiver.ts'
import { setUp } from '../support/topology.ts'

const onLinux = process.platform === 'linux'
const quick = { OUTBOX_POLL_SECONDS: '0.2' }

describe('scarce resources', () => {
  test.runIf(onLinux)(
    'a listener limited to 256 files serves 500 endpoints, and running out of sockets does not count as an attempt (needs prlimit)',
    async () => {
      const { db, client } = await setUp(undefined, { event_types: ['nothing'] })
      // Each endpoint has its own host, so that each keeps a connection.
      const receiver = await startRawReceiver(socket => socket.write(ok()), { host: '0.0.0.0' })
      for (let n = 0; n < 500; n++)
        await addEndpoint(client, {
          url: `http://127.0.${Math.floor(n / 250)}.${1 + (n % 250)}:${receiver.port}/`,
        })
      await emitAtOnce(client, 1)
      const listener = await startListenerProcess(db.url, quick, { wrapper: ['prlimit', '--nofile=256'] })
      await eventually(async () => (await deliveryStates(client)).delivered === 500, { timeoutMs: 60_000 })
      const { rows } = await client.query(`select distinct error from outbox.attempts order by error`)
      expect(rows).toEqual([{ error: 'exhausted' }, { error: null }])
      const costs = await client.query('select max(attempt - retry_base)::int as max from outbox.deliveries')
      expect(costs.rows).toEqual([{ max: 1 }])
      expect((await listener.ask('/livez')).status).toBe(200)
    },
  )

  test.runIf(onLinux)(
    'a listener survives every kind of hostile answer within 256 MB, and serves the good endpoints',
    async () => {
      const { db, client, receiver } = await setUp()
      const bad = await startReceiver(hostile)
      const hostilePaths = [
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
      for (const path of hostilePaths)
        await addEndpoint(client, { url: `${bad.url}/${path}`, timeout_seconds: 1, max_in_flight: 8 })
      const listener = await startListenerProcess(db.url, {
        ...quick,
        OUTBOX_RETRY_SCHEDULE: '0.1,0.1,0.1,0.1,0.1',
        // As Node sets it in a container of that size.
        NODE_OPTIONS: '--max-old-space-size=128',
      })
      for (let n = 0; n < 5; n++) {
        await emitAtOnce(client, 50)
        await receiver.waitFor((n + 1) * 50, { timeoutMs: 60_000 })
      }
      await eventually(() => hostilePaths.every(path => bad.requests.some(r => r.path === `/${path}`)))
      const status = readFileSync(`/proc/${listener.pid}/status`, 'utf8')
      expect(Number(/VmHWM:\s+(\d+) kB/.exec(status)![1])).toBeLessThan(256 << 10)
      // Every answer became an attempt, and none an unexpected error.
      expect(listener.said()).not.toMatch(/an attempt threw|Error/)
      await bad.stop()
      listener.signal('SIGKILL')
    },
  )

  test('a listener whose output is not read goes on delivering, and stops when asked', async () => {
    const { db, client } = await setUp()
    const dir = mkdtempSync(join(tmpdir(), 'outbox-pipe-'))
    atEnd(() => rmSync(dir, { recursive: true }))
    expect(spawnSync('mkfifo', [join(dir, 'pipe')]).status).toBe(0)
    // Open in both directions: there is a reader, but it does not read.
    const pipe = openSync(join(dir, 'pipe'), 'r+')
    const listener = await startListenerProcess(
      db.url,
      { OUTBOX_REQUEST_TIMEOUT_SECONDS: '5' },
      { output: pipe },
    )
    closeSync(pipe)
    // Ten times the capacity of the pipe.
    await emitAtOnce(client, 2_000)
    await eventually(async () => (await deliveryStates(client)).delivered === 2_000, { timeoutMs: 60_000 })
    listener.signal('SIGTERM')
    expect(await listener.exited).toBe(0)
  })

  test('a listener that freezes for a fifth of each second keeps its leases', async () => {
    const { db, client, receiver } = await setUp()
    const env = { ...quick, OUTBOX_REQUEST_TIMEOUT_SECONDS: '1', OUTBOX_LEASE_SECONDS: '6' }
    const listeners = [await startListenerProcess(db.url, env), await startListenerProcess(db.url, env)]
    for (let n = 0; n < 5; n++) {
      await emitAtOnce(client, 100)
      listeners[0]!.signal('SIGSTOP')
      await pause(200)
      listeners[0]!.signal('SIGCONT')
      await pause(800)
    }
    await eventually(async () => (await deliveryStates(client)).delivered === 500)
    expect(receiver.requests).toHaveLength(500)
  })

  test('a listener answers /livez and /readyz while it runs, and neither while it is frozen', async () => {
    const { db } = await setUp()
    const listener = await startListenerProcess(db.url, quick)
    await eventually(async () => (await listener.ask('/readyz')).status === 200)
    listener.signal('SIGSTOP')
    for (const probe of ['/livez', '/readyz'])
      await expect(listener.ask(probe, 300)).rejects.toThrow('timeout')
    listener.signal('SIGCONT')
    expect((await listener.ask('/livez')).status).toBe(200)
  })

  test('two listeners on one host have different names', async () => {
    const { db } = await setUp()
    const listeners = await Promise.all([startListenerProcess(db.url), startListenerProcess(db.url)])
    const [one, other] = listeners.map(listener => /"name":"(listener-[^"]+)"/.exec(listener.said())![1])
    expect(one).not.toBe(other)
    expect(one).toMatch(/-[0-9a-f]{12}$/)
  })
})

describe('an event that kills its sender', () => {
  test('an event that kills every sender is dead when its attempts are used up, with growing waits, and the others are delivered', async () => {
    let listener: Awaited<ReturnType<typeof startListenerProcess>>
    const { db, client, receiver } = await setUp(({ body }) => {
      if (!body.includes('poison')) return 200
      listener.signal('SIGKILL')
    })
    const env = {
      ...quick,
      OUTBOX_RETRY_SCHEDULE: '0,3,0',
      OUTBOX_REQUEST_TIMEOUT_SECONDS: '0.5',
      OUTBOX_LEASE_SECONDS: '5.5',
    }
    listener = await startListenerProcess(db.url, env)
    await client.query(`select outbox.emit('poison', '{}')`)
    let crashes = 0
    const poisoned = async () =>
      (
        await client.query(
          `select state, reason, attempt from outbox.deliveries d join outbox.events e on e.id = d.event_id where e.type = 'poison'`,
        )
      ).rows[0]
    while ((await poisoned())?.state !== 'dead') {
      if ((await Promise.race([listener.exited, pause(200)])) !== 'SIGKILL') continue
      crashes++
      // Leases follow the database's time, so the test can move them.
      await endLeases(client)
      listener = await startListenerProcess(db.url, env)
      await emit(client, 5)
    }
    expect(crashes).toBe(4)
    expect(await poisoned()).toEqual({ state: 'dead', reason: 'interrupted', attempt: 4 })
    await eventually(async () => (await deliveryStates(client)).delivered === 20)
    const killers = receiver.requests.filter(r => r.body.includes('poison'))
    expect(new Set(killers.map(r => r.headers['webhook-id'])).size).toBe(1)
    // The second crash in a row waits like any failure.
    expect(killers[2]!.at - killers[1]!.at).toBeGreaterThan(2_300)
  })
})
