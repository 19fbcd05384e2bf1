// Copies of a database stay silent: what waits in one is sent neither by a listener nor by the cron function, until somebody
// has said what it is. And what only looks like a copy goes on sending.
import { join } from 'node:path'
import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type HeldReason, heldSentences } from '../../drizzle/identity.ts'
import { runCron } from '../../functions/cron/run.ts'
import { createEdge } from '../../functions/edge/edge.ts'
import type { Listener } from '../../worker/listener.ts'
import { endAll } from '../support/cleanup.ts'
import { withClient } from '../support/client.ts'
import { copyDataDirectory } from '../support/data-directory.ts'
import { startObject } from '../support/durable-object.ts'
import { eventually } from '../support/eventually.ts'
import { askedInVain } from '../support/held-senders.ts'
import { startListenerProcess } from '../support/listener-process.ts'
import { addEndpoint, deliveryStates, emit, emitAtOnce, startTestListener } from '../support/outbox.ts'
import { hasPgBouncer, startPgBouncer } from '../support/pgbouncer.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { dumpRows, restoreRows, startOtherInstallation } from '../support/restore.ts'
import { connectTo, startServer, type TestServer, temporaryDirectory } from '../support/server.ts'
import { startSessionPooler } from '../support/session-pooler.ts'
import { testSettings } from '../support/settings.ts'
import { startStandby } from '../support/standby.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

const quickPoll = { OUTBOX_POLL_SECONDS: '0.2' }

let original: TestServer
let receiver: Receiver

beforeEach(async () => {
  original = await startServer()
  receiver = await startReceiver()
})
// At once, not at the end of the file: each test has servers of its own.
afterEach(endAll)

const listenAt = (url: string): Promise<Listener> => startTestListener(url, quickPoll)

/** It has sent one webhook, its listener has ended, and three more wait. */
async function sendAndPileUp({
  listener,
  url = original.databaseUrl,
}: {
  listener?: Listener
  url?: string
} = {}) {
  await withClient(url, async client => {
    await addEndpoint(client, { url: receiver.url })
    const first = listener ?? (await listenAt(url))
    await emit(client)
    await receiver.waitFor(1)
    await eventually(async () => (await deliveryStates(client)).delivered === 1)
    await first.stop()
    await emit(client, 3)
  })
}

const cron = (databaseUrl: string, bindings: object = {}) =>
  runCron({
    ...testSettings,
    DATABASE_URL: databaseUrl,
    NEON_PROXY: original.env.NEON_PROXY,
    ...bindings,
  })

async function readiness({ healthPort }: Listener): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${healthPort}/readyz`)
  return `${answer.status} ${(await answer.text()).trim()}`
}

/** The listener and the cron function are both held, capture goes on, and nothing was sent. */
async function expectHeld(url: string, reason: HeldReason): Promise<Listener> {
  const before = receiver.requests.length
  const listener = await listenAt(url)
  await eventually(async () => expect(await readiness(listener)).toBe(`503 ${heldSentences[reason]}`))
  expect(await cron(url)).toMatchObject({
    stopped: 'held',
    held: heldSentences[reason],
    rescued: 0,
    delivered: 0,
    failed: 0,
  })
  await withClient(url, client => emit(client))
  expect(await cron(url)).toMatchObject({ stopped: 'held', delivered: 0, failed: 0 })
  expect(await readiness(listener)).toBe(`503 ${heldSentences[reason]}`)
  expect(receiver.requests.length).toBe(before)
  return listener
}

const backlog = 50
const ofBacklog = 'backlog.happened'

/** Much waits, and one at a time may be under way. */
const pileUpBehindOne = (url: string) =>
  withClient(url, async client => {
    await client.query('update outbox.endpoints set max_in_flight = 1')
    await emitAtOnce(client, backlog, ofBacklog)
  })

/** While there is a backlog it answers only once the returned function is called. */
async function startSlowReceiver(): Promise<() => void> {
  const { promise, resolve } = Promise.withResolvers<number>()
  receiver = await startReceiver(({ body }) => (body.includes(ofBacklog) ? promise : 200))
  return () => resolve(200)
}

/** Once a request of the backlog is under way. */
async function countLeased(url: string): Promise<number> {
  await eventually(() => receiver.requests.some(({ body }) => body.includes(ofBacklog)))
  return withClient(url, async client => (await deliveryStates(client)).sending ?? 0)
}

interface Silence {
  readonly url: string
  readonly reason: HeldReason
  /** What it had claimed before may still be sent. */
  readonly leased: number
  /** Lets the request go that is under way, so that there is capacity for the next. */
  readonly answer: () => void
}

/** It has found out, has asked several times since, and has claimed nothing. */
async function expectSilence(listener: Listener, { url, reason, leased, answer }: Silence): Promise<void> {
  await eventually(async () => expect(await readiness(listener)).toBe(`503 ${heldSentences[reason]}`))
  const before = receiver.requests.length
  answer()
  const client = await connectTo(url)
  await emit(client, 3)
  await askedInVain(client)
  expect(leased).toBeLessThan(backlog / 2)
  expect(receiver.requests.length - before).toBeLessThan(leased)
}

async function expectAllDelivered(url: string, count: number): Promise<void> {
  const client = await connectTo(url)
  await eventually(async () => expect(await deliveryStates(client)).toEqual({ delivered: count }))
}

/** Everything that waits is sent: by the listener, which is ready, and then by the cron function. */
async function expectSends(url: string, waiting: number, listener?: Listener): Promise<void> {
  const before = receiver.requests.length
  const sending = listener ?? (await listenAt(url))
  await receiver.waitFor(before + waiting)
  await eventually(async () => expect(await readiness(sending)).toMatch(/^200 /))
  await sending.stop()
  await withClient(url, client => emit(client))
  expect(await cron(url)).toMatchObject({ stopped: 'nothing due', held: null, delivered: 1 })
  expect(receiver.requests.length).toBe(before + waiting + 1)
}

const adoptAs = (url: string, what: 'replacement' | 'new') =>
  withClient(url, async client => {
    const { rows } = await client.query('select * from outbox.adopt($1, outbox.database_facts(), 1000)', [
      what,
    ])
    return rows[0]
  })

/** The files of a server that was stopped, under another port. */
async function clone({ dir }: TestServer, port?: number): Promise<TestServer> {
  const copy = join(temporaryDirectory(), 'postgres')
  copyDataDirectory(dir, copy)
  return startServer({ dir: copy, isCopy: true, ...(port === undefined ? {} : { port }) })
}

const startRealPooler = async (url: string) => (await startPgBouncer(url, 'session')).url
const onPort = (url: string, port: number) => Object.assign(new URL(url), { port: String(port) }).href
const named = (url: string, database: string) => url.replace(/migrated$/, database)

describe('nothing is sent, until it is adopted, from', () => {
  test('a dump that was restored elsewhere', async () => {
    await sendAndPileUp()
    const elsewhere = await startOtherInstallation()
    await restoreRows(elsewhere, await dumpRows(original.databaseUrl))
    const held = await expectHeld(elsewhere, 'copy')
    await expectSends(original.databaseUrl, 3)
    expect(await adoptAs(elsewhere, 'replacement')).toEqual({ outcome: 'adopted', canceled: 0, paused: 0 })
    await expectSends(elsewhere, 4, held)
  })

  test('a dump that was restored under the same address, or an upgraded server', async () => {
    await sendAndPileUp()
    const dump = await dumpRows(original.databaseUrl)
    await original.stop()
    const upgraded = await startOtherInstallation(original.port)
    await restoreRows(upgraded, dump)
    expect(upgraded).toBe(original.databaseUrl)
    const held = await expectHeld(upgraded, 'copy')
    await adoptAs(upgraded, 'replacement')
    await expectSends(upgraded, 4, held)
  })

  test('a database made from it as a template, also when the two have swapped their names', async () => {
    await sendAndPileUp()
    const admin = await connectTo(named(original.databaseUrl, 'postgres'))
    await admin.query('create database copy template migrated')
    await (await expectHeld(named(original.databaseUrl, 'copy'), 'copy')).stop()
    await rename(admin, 'migrated', 'old')
    await rename(admin, 'copy', 'migrated')
    await (await expectHeld(original.databaseUrl, 'copy')).stop()
    // It is the one that has sent, whatever it is called.
    await expectSends(named(original.databaseUrl, 'old'), 3)
    await adoptAs(original.databaseUrl, 'replacement')
    await expectSends(original.databaseUrl, 5)
  })

  test('a physical clone under another address', async () => {
    await sendAndPileUp()
    await original.stop()
    const copy = await clone(original)
    await startServer({ dir: original.dir, isCopy: true, port: original.port })
    const held = await expectHeld(copy.databaseUrl, 'unknown')
    await expectSends(original.databaseUrl, 3)
    // Two that are held do not vouch for one another.
    const proxy = await startTcpProxy({ host: '127.0.0.1', port: copy.port })
    await (await expectHeld(onPort(copy.databaseUrl, proxy.port), 'unknown')).stop()
    await eventually(async () =>
      expect((await adoptAs(copy.databaseUrl, 'replacement')).outcome).toBe('adopted'),
    )
    await expectSends(copy.databaseUrl, 5, held)
  })

  test('a standby that was promoted under another name while nobody was connected', async () => {
    await sendAndPileUp()
    const standby = await promoteInPlaceOf(original)
    const held = await expectHeld(standby.databaseUrl, 'unknown')
    await eventually(async () =>
      expect((await adoptAs(standby.databaseUrl, 'replacement')).outcome).toBe('adopted'),
    )
    await expectSends(standby.databaseUrl, 4, held)
  })

  test('another branch of Neon, also under the same address', async () => {
    const { databaseUrl: url } = original
    const branch = (id: string) =>
      withClient(url, client =>
        client.query(`alter database migrated set neon.tenant_id = 'project';
                      alter database migrated set neon.timeline_id = '${id}'`),
      )
    await branch('main')
    await sendAndPileUp()
    await branch('preview')
    const held = await expectHeld(url, 'copy')
    await held.stop()
    await branch('main')
    // On the branch that has sent, addresses do not matter: the pooled host is another.
    const proxy = await startTcpProxy({ host: '127.0.0.1', port: original.port })
    await expectSends(onPort(url, proxy.port), 4)
  })
})

test('a listener that runs sends nothing more once its address leads to a copy, and goes on when it leads back', async () => {
  const answer = await startSlowReceiver()
  const proxy = await startTcpProxy({ host: '127.0.0.1', port: original.port })
  const proxied = onPort(original.databaseUrl, proxy.port)
  await sendAndPileUp({ url: proxied })
  await pileUpBehindOne(original.databaseUrl)
  const copy = await startOtherInstallation()
  await restoreRows(copy, await dumpRows(original.databaseUrl))
  const listener = await listenAt(proxied)
  const leased = await countLeased(original.databaseUrl)
  proxy.leadTo({ host: '127.0.0.1', port: Number(new URL(copy).port) })
  proxy.cut()
  await expectSilence(listener, { url: copy, reason: 'copy', leased, answer })
  proxy.leadTo({ host: '127.0.0.1', port: original.port })
  proxy.cut()
  await expectAllDelivered(original.databaseUrl, 4 + backlog)
})

describe('it goes on sending', () => {
  test('after a restart of the server and a change of the password', async () => {
    await sendAndPileUp()
    await withClient(original.databaseUrl, client => client.query(`alter role postgres password 'other'`))
    await original.stop()
    const again = await startServer({ dir: original.dir, isCopy: true, port: original.port })
    await expectSends(again.databaseUrl, 3)
  })

  test('after the database was renamed', async () => {
    await sendAndPileUp()
    const admin = await connectTo(named(original.databaseUrl, 'postgres'))
    await rename(admin, 'migrated', 'shop')
    await expectSends(named(original.databaseUrl, 'shop'), 3)
  })

  test('from a promoted standby under the same address', async () => {
    const proxy = await startTcpProxy({ host: '127.0.0.1', port: original.port })
    const proxied = onPort(original.databaseUrl, proxy.port)
    await sendAndPileUp({ url: proxied })
    const standby = await promoteInPlaceOf(original)
    proxy.leadTo({ host: '127.0.0.1', port: standby.port })
    await expectSends(proxied, 3)
  })

  test('from a promoted standby under another name, while a sender is there that has come along', async () => {
    const proxy = await startTcpProxy({ host: '127.0.0.1', port: original.port })
    const proxied = onPort(original.databaseUrl, proxy.port)
    await sendAndPileUp({ url: proxied })
    const standby = await promoteInPlaceOf(original)
    proxy.leadTo({ host: '127.0.0.1', port: standby.port })
    const old = await listenAt(proxied)
    await receiver.waitFor(4)
    const renamed = await listenAt(standby.databaseUrl)
    await eventually(async () => expect(await readiness(renamed)).toMatch(/^200 /))
    await old.stop()
    await withClient(standby.databaseUrl, client => emit(client, 2))
    await expectSends(standby.databaseUrl, 2, renamed)
  })

  test('through a tunnel, for which the listener vouches, and afterwards without it', async () => {
    await sendAndPileUp()
    const tunnel = await startTcpProxy({ host: '127.0.0.1', port: original.port })
    const tunnelled = onPort(original.databaseUrl, tunnel.port)
    const direct = await listenAt(original.databaseUrl)
    await receiver.waitFor(4)
    expect(await cron(tunnelled)).toMatchObject({ stopped: 'nothing due', held: null })
    await direct.stop()
    await withClient(tunnelled, client => emit(client))
    expect(await cron(tunnelled)).toMatchObject({ delivered: 1 })
    await expectSends(tunnelled, 0)
  })

  describe.each([
    { pooler: 'a session pooler', start: startSessionPooler, skip: false },
    { pooler: 'PgBouncer', start: startRealPooler, skip: !hasPgBouncer }, // it is not installed everywhere
  ])('through $pooler', ({ start, skip }) => {
    test.skipIf(skip)('for which the cron function vouches', async () => {
      await sendAndPileUp()
      const listener = await listenAt(await start(original.databaseUrl))
      await eventually(async () => expect(await readiness(listener)).toBe(`503 ${heldSentences.unknown}`))
      await cron(original.databaseUrl)
      await eventually(async () => expect(await readiness(listener)).toMatch(/^200 /))
      expect(receiver.requests.length).toBe(4)
    })
  })

  test('from two addresses at once that are there before anybody has sent', async () => {
    const tunnel = await startTcpProxy({ host: '127.0.0.1', port: original.port })
    const both = await Promise.all([
      listenAt(original.databaseUrl),
      listenAt(onPort(original.databaseUrl, tunnel.port)),
    ])
    for (const listener of both)
      await eventually(async () => expect(await readiness(listener)).toMatch(/^200 /))
  })
})

describe('with a witness outside of the database', () => {
  /** Of the kind that the cron function asks, as a Durable Object has it. */
  const startWitness = () => ({ OUTBOX_DOORBELL: startObject(createEdge().Doorbell, () => ({})).binding })

  const emitThree = (url: string) => withClient(url, client => emit(client, 3))

  /** The files as they were before the original's last run of the cron function. */
  async function cloneThenGoOn(witness: object): Promise<string> {
    await sendAndPileUp()
    expect(await cron(original.databaseUrl, witness)).toMatchObject({ held: null, delivered: 3 })
    await emitThree(original.databaseUrl)
    await original.stop()
    const copy = join(temporaryDirectory(), 'postgres')
    copyDataDirectory(original.dir, copy)
    original = await startServer({ dir: original.dir, isCopy: true, port: original.port })
    expect(await cron(original.databaseUrl, witness)).toMatchObject({ held: null, delivered: 3 })
    return copy
  }

  async function expectOlderIsHeld(url: string, witness: object): Promise<void> {
    const before = receiver.requests.length
    const held = { stopped: 'held', held: heldSentences.older, rescued: 0, delivered: 0, failed: 0 }
    expect(await cron(url, witness)).toMatchObject(held)
    // From then on also those that cannot ask the witness.
    expect(await cron(url)).toMatchObject(held)
    const listener = await listenAt(url)
    await eventually(async () => expect(await readiness(listener)).toBe(`503 ${heldSentences.older}`))
    expect(receiver.requests.length).toBe(before)
    expect((await adoptAs(url, 'replacement')).outcome).toBe('adopted')
    await receiver.waitFor(before + 3)
    await eventually(async () => expect(await readiness(listener)).toMatch(/^200 /))
    await listener.stop()
    await emitThree(url)
    for (const delivered of [3, 0]) expect(await cron(url, witness)).toMatchObject({ held: null, delivered })
  }

  test('a clone or an old backup that has taken the place of the original, under its address, sends nothing until it is adopted', async () => {
    const witness = startWitness()
    const copy = await cloneThenGoOn(witness)
    await original.stop()
    const { databaseUrl } = await startServer({ dir: copy, isCopy: true, port: original.port })
    expect(databaseUrl).toBe(original.databaseUrl)
    await expectOlderIsHeld(databaseUrl, witness)
  })

  test('a listener that sends from it already claims no more as soon as it has been found out', async () => {
    const answer = await startSlowReceiver()
    const witness = startWitness()
    const copy = await cloneThenGoOn(witness)
    await original.stop()
    const { databaseUrl: url } = await startServer({ dir: copy, isCopy: true, port: original.port })
    await pileUpBehindOne(url)
    const listener = await listenAt(url)
    const leased = await countLeased(url)
    expect(await cron(url, witness)).toMatchObject({ held: heldSentences.older })
    await expectSilence(listener, { url, reason: 'older', leased, answer })
    expect((await adoptAs(url, 'replacement')).outcome).toBe('adopted')
    await expectAllDelivered(url, 7 + backlog + 3)
  })

  test('a branch of Neon that gives itself out for the one that has sent sends nothing until it is adopted', async () => {
    await withClient(original.databaseUrl, client =>
      client.query(`alter database migrated set neon.tenant_id = 'project';
                    alter database migrated set neon.timeline_id = 'main'`),
    )
    const witness = startWitness()
    const copy = await cloneThenGoOn(witness)
    const branch = await startServer({ dir: copy, isCopy: true })
    await expectOlderIsHeld(branch.databaseUrl, witness)
    // The one that has sent goes on meanwhile.
    await emitThree(original.databaseUrl)
    expect(await cron(original.databaseUrl, witness)).toMatchObject({ held: null, delivered: 3 })
  })

  test('a restarted server and a promoted standby under the same address go on sending', async () => {
    const witness = startWitness()
    const proxy = await startTcpProxy({ host: '127.0.0.1', port: original.port })
    const proxied = onPort(original.databaseUrl, proxy.port)
    await sendAndPileUp({ url: proxied })
    expect(await cron(proxied, witness)).toMatchObject({ held: null, delivered: 3 })
    const standby = await promoteInPlaceOf(original)
    proxy.leadTo({ host: '127.0.0.1', port: standby.port })
    await emitThree(proxied)
    expect(await cron(proxied, witness)).toMatchObject({ held: null, delivered: 3 })
    await standby.stop()
    const again = await startServer({ dir: standby.dir, isCopy: true })
    proxy.leadTo({ host: '127.0.0.1', port: again.port })
    await emitThree(proxied)
    expect(await cron(proxied, witness)).toMatchObject({ held: null, delivered: 3 })
  })

  test('a dump that was adopted as the replacement is not held a second time', async () => {
    const witness = startWitness()
    await sendAndPileUp()
    const dump = await dumpRows(original.databaseUrl)
    for (let runs = 0; runs < 3; runs++) await cron(original.databaseUrl, witness)
    const elsewhere = await startOtherInstallation()
    await restoreRows(elsewhere, dump)
    expect(await cron(elsewhere, witness)).toMatchObject({ held: heldSentences.copy })
    await adoptAs(elsewhere, 'replacement')
    expect(await cron(elsewhere, witness)).toMatchObject({ held: null, delivered: 3 })
    expect(await cron(elsewhere, witness)).toMatchObject({ held: null })
  })
})

test('of a copy that is adopted as a new database what waits is canceled, every endpoint is paused, and new events wait', async () => {
  await sendAndPileUp()
  const elsewhere = await startOtherInstallation()
  const dump = await dumpRows(original.databaseUrl)
  await restoreRows(elsewhere, dump)
  const held = await expectHeld(elsewhere, 'copy')
  expect(await adoptAs(elsewhere, 'new')).toEqual({ outcome: 'adopted', canceled: 4, paused: 1 })
  await eventually(async () => expect(await readiness(held)).toMatch(/^200 /))
  const client = await connectTo(elsewhere)
  await emit(client)
  await eventually(async () => expect((await deliveryStates(client)).pending).toBe(1))
  await client.query(`update outbox.endpoints set state = 'active'`)
  await receiver.waitFor(2)
  await eventually(async () => expect((await deliveryStates(client)).delivered).toBe(2))
})

test('a listener that is held says so once in its log, on /readyz and as a metric, and no other error', async () => {
  await sendAndPileUp()
  await withClient(original.databaseUrl, client =>
    client.query(`update outbox.identity set facts = '{"system": "1", "database": "1"}'`),
  )
  const listener = await startListenerProcess(original.databaseUrl, quickPoll, { says: heldSentences.copy })
  const client = await connectTo(original.databaseUrl)
  await askedInVain(client)
  expect((await listener.ask('/readyz')).status).toBe(503)
  expect((await listener.ask('/livez')).status).toBe(200)
  expect(await (await listener.ask('/metrics')).text()).toMatch(/^outbox_database_held 1$/m)
  const loud = listener
    .said()
    .split('\n')
    .filter(line => /"level":"?(4|5|6|warn|error|fatal)/.test(line))
  expect(loud.map(line => JSON.parse(line).msg)).toEqual([heldSentences.copy])
  await adoptAs(original.databaseUrl, 'replacement')
  await receiver.waitFor(4)
  expect(await (await listener.ask('/metrics')).text()).toMatch(/^outbox_database_held 0$/m)
  expect(listener.said()).toContain('no longer held')
})

/** Connections that a proxy has kept stand in the way. */
async function rename(admin: pg.Client, from: string, to: string): Promise<void> {
  await admin.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1', [from])
  await admin.query(`alter database ${from} rename to ${to}`)
}

async function promoteInPlaceOf(primary: TestServer): Promise<TestServer> {
  const standby = await startStandby(primary)
  await primary.crash()
  await withClient(standby.databaseUrl, client => client.query('select pg_promote()'))
  await withClient(standby.databaseUrl, client =>
    client.query(`alter system set synchronous_standby_names = ''`),
  )
  await withClient(standby.databaseUrl, client => client.query('select pg_reload_conf()'))
  return standby
}
