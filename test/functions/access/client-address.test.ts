// The outbox in a Node server of somebody's own: what Cloudflare vouches for elsewhere, nobody does there.
import { expect, test } from 'vitest'
import { type Send, SendError } from '../../../delivery/send.ts'
import { createTransport } from '../../../exports/listener.ts'
import { createOutbox } from '../../../functions/app.ts'
import { closeSharedPools } from '../../../functions/database/postgres.ts'
import { atEnd } from '../../support/cleanup.ts'
import { freshDatabase } from '../../support/database.ts'
import { addEndpoint, emit } from '../../support/outbox.ts'
import { startReceiver } from '../../support/receiver.ts'
import { testSettings } from '../../support/settings.ts'

test('somebody who guesses keys under many addresses is told to wait, where no platform sets the header', async () => {
  const db = await freshDatabase()
  atEnd(closeSharedPools)
  const env = { ...testSettings, DATABASE_URL: db.url }
  const { fetch } = createOutbox()
  const guess = async (i: number) => {
    const headers = { authorization: `Bearer wrong${i}`, 'cf-connecting-ip': `10.${i >> 8}.${i % 256}.1` }
    return (await fetch(new Request('http://localhost/v1/events', { headers }), env)).status
  }
  const statuses = new Set<number>()
  for (let i = 0; i < 12 && !statuses.has(429); i++) {
    for (const status of await Promise.all(Array.from({ length: 100 }, (_, n) => guess(i * 100 + n))))
      statuses.add(status)
  }
  expect(statuses).toEqual(new Set([401, 429]))
})

test('its cron function sends through the transport that it is given, and nothing leaves by fetch', async () => {
  const db = await freshDatabase()
  const client = await db.connect()
  atEnd(closeSharedPools)
  const receiver = await startReceiver()
  await addEndpoint(client, { url: receiver.url })
  await emit(client, 2)
  const asked: string[] = []
  const refuse: Send = (request, _timeoutSeconds, onSeen) => {
    asked.push(request.url)
    onSeen(new SendError('blocked_address'))
  }
  await createOutbox({ send: refuse }).scheduled(null, { ...testSettings, DATABASE_URL: db.url })
  expect(asked).toEqual([receiver.url, receiver.url])
  expect(receiver.requests).toHaveLength(0)
  const { rows } = await client.query('select error from outbox.attempts')
  expect(rows).toEqual([{ error: 'blocked_address' }, { error: 'blocked_address' }])
})

test('the transport of outbox/listener delivers where it may, and refuses where it may not', async () => {
  const db = await freshDatabase()
  const client = await db.connect()
  atEnd(closeSharedPools)
  const receiver = await startReceiver()
  await addEndpoint(client, { url: receiver.url })
  const outcomes: unknown[] = []
  for (const networks of ['127.0.0.0/8', '']) {
    const env = { ...testSettings, OUTBOX_ALLOW_PRIVATE_NETWORKS: networks, DATABASE_URL: db.url }
    const transport = createTransport(env)
    await emit(client)
    await createOutbox({ send: transport.send }).scheduled(null, env)
    await transport.close()
    outcomes.push(
      (await client.query('select error from outbox.attempts order by event_id desc limit 1')).rows[0].error,
    )
  }
  expect(outcomes).toEqual([null, 'blocked_address'])
  expect(receiver.requests).toHaveLength(1)
})
