// Lists under load: a client that pages while others write sees each row that was there at the start exactly once.
import { beforeAll, describe, expect, test } from 'vitest'
import { type Api, startApi } from '../api.ts'
import { fillShop } from '../shop/shop.ts'

let api: Api
beforeAll(async () => {
  api = await startApi()
  await fillShop(api.db)
})

/** Every id of the list, page by page, with something done before each page. */
async function turn(list: string, beforePage: (page: number) => unknown): Promise<string[]> {
  const ids: string[] = []
  for (let page = 0, cursor = ''; ; page++) {
    await beforePage(page)
    const { status, body } = await api.get(`${list}${list.includes('?') ? '&' : '?'}limit=7${cursor}`)
    expect(status).toBe(200)
    ids.push(...body.data.map(({ id }: { id: unknown }) => String(id)))
    if (body.next_cursor === null) return ids
    cursor = `&cursor=${body.next_cursor}`
  }
}

test('events can be paged while others write, at once and in long transactions', async () => {
  const there: string[] = []
  for (let n = 0; n < 30; n++)
    there.push((await api.db.query(`select outbox.emit('a.b', '{}') as id`)).rows[0].id)
  const late = await api.database.connect()
  await late.query('begin')
  await late.query(`select outbox.emit('late', '{}') from generate_series(1, 20)`)
  const seen = await turn('/v1/events', async page => {
    await api.db.query(`select outbox.emit('new', '{}') from generate_series(1, 5)`)
    if (page === 2) await late.query('commit')
  })
  expect(seen.filter(id => there.includes(id))).toEqual(there.toReversed())
  expect(new Set(seen).size).toBe(seen.length)
})

test('endpoints can be paged while some are changed and some deleted', async () => {
  const there: string[] = []
  for (let n = 0; n < 20; n++)
    there.push((await api.post('/v1/endpoints', { url: `https://a.example/${n}` })).body.id)
  const seen = await turn('/v1/endpoints', async page => {
    await api.post('/v1/endpoints', { url: 'https://a.example/new' })
    await api.patch(`/v1/endpoints/${there[3]}`, { max_in_flight: page + 1 })
    if (page === 1) await api.call('DELETE', `/v1/endpoints/${there[0]}`)
  })
  expect(seen.filter(id => there.includes(id))).toEqual(there.slice(1).toReversed())
})

describe('a cursor', () => {
  const lists = [
    '/orders',
    '/clients',
    '/v1/events',
    '/v1/endpoints',
    '/v1/deliveries',
    '/v1/replays',
    '/v1/audit',
    '/v1/keys',
  ]
  let cursor: string
  beforeAll(async () => {
    cursor = (await api.get('/v1/events?limit=1')).body.next_cursor
    expect((await api.get(`/v1/events?cursor=${cursor}`)).status).toBe(200)
  })

  test.each(lists)('of another list, or with any byte changed, is refused by %s', async list => {
    const bytes = Buffer.from(cursor, 'base64url')
    const tampered = [...bytes.keys()].map(i => bytes.with(i, bytes[i]! ^ 1).toString('base64url'))
    const others = list === '/v1/events' ? [] : [cursor]
    for (const given of [...tampered, ...others, `${cursor}A`, cursor.slice(0, -1), '', "';--"]) {
      const answer = await api.get(`${list}?cursor=${encodeURIComponent(given)}`)
      expect(answer.status, given).toBe(400)
      expect(answer.body.errors[0].path).toBe('cursor')
    }
  })
})
