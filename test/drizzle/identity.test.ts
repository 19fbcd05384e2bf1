// The address under which a sender knows its database's server, and the verdict on a database (drizzle/identity.ts).
import type pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { addressOf } from '../../drizzle/identity.ts'
import { freshDatabase } from '../support/database.ts'

describe('the address of a connection string', () => {
  test.each([
    ['postgresql://user:secret@DB.example.com/shop', 'db.example.com:5432'],
    ['postgres://user@db.example.com:6432/shop?sslmode=require', 'db.example.com:6432'],
    ['postgresql://user@localhost/shop', 'localhost:5432'],
    ['postgresql://user@127.0.0.1:5433/shop', 'localhost:5433'],
    ['postgresql://user@[::1]:5433/shop', 'localhost:5433'],
    ['postgresql://user@[2001:db8::1]/shop', '[2001:db8::1]:5432'],
    ['postgresql:///shop?host=/var/run/postgresql', '/var/run/postgresql:5432'],
  ])('%s is %s', (url, address) => {
    expect(addressOf(url)).toBe(address)
  })
})

describe('the verdict', () => {
  let client: pg.Client
  beforeAll(async () => {
    client = await (await freshDatabase()).connect()
  })
  const database = { system: '7', database: '5' }
  test.each<[string, object, object, boolean, string]>([
    ['the same database at a known address', database, database, true, 'same'],
    ['the same database at another address', database, database, false, 'unknown'],
    ['another installation', database, { ...database, system: '8' }, true, 'copy'],
    ['another database of the installation', database, { ...database, database: '6' }, true, 'copy'],
    [
      'a server that hides its identifier, at a known address',
      { database: '5' },
      { database: '5' },
      true,
      'same',
    ],
    ['a server that hides its identifier, elsewhere', { database: '5' }, { database: '5' }, false, 'unknown'],
    ['a server that has begun to hide its identifier', database, { database: '5' }, true, 'same'],
    ['a branch of Neon, anywhere', { ...database, neon: 'p/a' }, { ...database, neon: 'p/a' }, false, 'same'],
    [
      'a branch on a new host of Neon',
      { ...database, neon: 'p/a' },
      { system: '9', database: '5', neon: 'p/a' },
      false,
      'same',
    ],
    ['another branch of Neon', { ...database, neon: 'p/a' }, { ...database, neon: 'p/b' }, true, 'copy'],
    ['a dump of Neon somewhere else', { ...database, neon: 'p/a' }, database, true, 'copy'],
    ['a dump on Neon', database, { ...database, neon: 'p/a' }, true, 'copy'],
  ])('on %s', async (_, bound, now, isKnown, verdict) => {
    const { rows } = await client.query('select outbox.identity_verdict($1, $2, $3) as verdict', [
      bound,
      now,
      isKnown,
    ])
    expect(rows[0].verdict).toBe(verdict)
  })
})

describe('identify()', () => {
  const identify = async (client: pg.Client, address: string) =>
    (await client.query('select outbox.identify($1, $1) as verdict', [address])).rows[0].verdict
  const addresses = async (client: pg.Client) =>
    (await client.query('select addresses from outbox.identity')).rows[0].addresses

  test('binds the first of several senders that come at the same time, and holds the others', async () => {
    const db = await freshDatabase()
    const names = ['a:1', 'b:1', 'c:1', 'd:1']
    const clients = await Promise.all(names.map(() => db.connect()))
    const verdicts = await Promise.all(names.map((name, i) => identify(clients[i]!, name)))
    expect(verdicts.toSorted()).toEqual(['same', 'unknown', 'unknown', 'unknown'])
    const [bound] = await addresses(clients[0]!)
    // The next word of the one that is bound is for all of them.
    expect(await identify(clients[0]!, bound)).toBe('same')
    for (const name of names) expect(await identify(clients[1]!, name)).toBe('same')
  })

  test('vouches for nobody who has not asked for some minutes', async () => {
    const client = await (await freshDatabase()).connect()
    expect(await identify(client, 'a:1')).toBe('same')
    expect(await identify(client, 'b:1')).toBe('unknown')
    await client.query(`update outbox.held_senders set seen_at = now() - interval '4 minutes'`)
    expect(await identify(client, 'a:1')).toBe('same')
    expect(await identify(client, 'b:1')).toBe('unknown')
  })

  test('has an unknown address count as held once nobody has vouched for it for three seconds, and while it goes on asking', async () => {
    const client = await (await freshDatabase()).connect()
    const reason = async () => (await client.query('select outbox.held_reason() as reason')).rows[0].reason
    await identify(client, 'a:1')
    expect(await identify(client, 'b:1')).toBe('unknown')
    expect(await reason()).toBe(null)
    await client.query(`update outbox.held_senders set since = since - interval '4 seconds'`)
    expect(await reason()).toBe('unknown')
    await client.query(`update outbox.held_senders set seen_at = seen_at - interval '4 minutes'`)
    expect(await reason()).toBe(null)
  })

  test('of a database that was adopted lets the next sender bind it, wherever it is', async () => {
    const client = await (await freshDatabase()).connect()
    await identify(client, 'a:1')
    await client.query(`update outbox.identity set addresses = '{}'`)
    expect(await identify(client, 'b:1')).toBe('same')
    expect(await addresses(client)).toEqual(['b:1'])
    expect(await identify(client, 'a:1')).toBe('unknown')
  })

  test('is answered on a server that takes no writes, to a sender that is known', async () => {
    const client = await (await freshDatabase()).connect()
    await identify(client, 'a:1')
    await identify(client, 'b:1')
    await client.query('set default_transaction_read_only = on')
    expect(await identify(client, 'a:1')).toBe('same')
    await expect(identify(client, 'c:1')).rejects.toMatchObject({ code: '25006' })
  })
})
