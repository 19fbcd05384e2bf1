// Every form of the console: refused unless it comes from somebody who may, from one of our own pages; and what it does then.
import { beforeAll, describe, expect, test } from 'vitest'
import { createOutbox } from '../../functions/app.ts'
import {
  type Answered,
  type Console,
  fill,
  hold,
  type Scene,
  send,
  startConsole,
  type Visitor,
  visitor,
} from './console.ts'

let it: Console
let scene: Scene
beforeAll(async () => {
  it = await startConsole()
  scene = await fill(it)
})

const newEndpoint = {
  url: 'https://example.com/new',
  which: 'some',
  type: 'order.shipped',
  more_types: 'invoice.*',
}

type Fields = Record<string, string>

/** Those that change something, each for what belongs to tenant 7, where it belongs to somebody. */
const forms: readonly [
  route: string,
  path: (s: Scene) => string,
  fields: Fields | ((s: Scene) => Fields),
  isOperators?: boolean,
][] = [
  ['/console/endpoints', () => '/console/endpoints', newEndpoint],
  ...['pause', 'resume', 'disable', 'test'].map(
    action =>
      [`/console/endpoints/:id/${action}`, (s: Scene) => `/console/endpoints/${s.theirs}/${action}`, {}] as [
        string,
        (s: Scene) => string,
        Record<string, string>,
      ],
  ),
  [
    '/console/endpoints/:id/edit',
    s => `/console/endpoints/${s.theirs}/edit`,
    { ...newEndpoint, url: 'https://example.com/edited' },
  ],
  ['/console/endpoints/:id/rotate', s => `/console/endpoints/${s.theirs}/rotate`, { overlap_seconds: '0' }],
  [
    '/console/endpoints/:id/replay',
    s => `/console/endpoints/${s.theirs}/replay`,
    { step: 'begin', since: '2026-01-01', until: '2026-01-02', only: 'all' },
  ],
  ['/console/endpoints/:id/delete', s => `/console/endpoints/${s.theirs}/delete`, { typed: 'example.com' }],
  ['/console/events/new', () => '/console/events/new', { type: 'order.new', data: '1' }],
  ['/console/events/:id/send', s => `/console/events/${s.theirEvent}/send`, s => ({ endpoint_id: s.theirs })],
  [
    '/console/system/adopt',
    () => '/console/system/adopt',
    s => ({ as: 'new', typed: 'new', facts: s.facts }),
    true,
  ],
  ['/console/deliveries/redeliver', () => '/console/deliveries/redeliver', { state: 'dead', only: 'all' }],
  ['/console/replays/confirm', () => '/console/replays/confirm', s => confirmed(s)],
  ['/console/replays', () => '/console/replays', s => confirmed(s)],
  ['/console/deliveries/:id/redeliver', s => `/console/deliveries/${s.theirDelivery}/redeliver`, {}],
  ['/console/replays/:id/cancel', s => `/console/replays/${s.replay}/cancel`, {}, true],
  ['/console/keys', () => '/console/keys', { name: 'made-here' }, true],
  ['/console/keys/:id/revoke', s => `/console/keys/${s.key}/revoke`, {}, true],
]

const confirmed = ({ token }: Scene) => ({ token, count: '1', endpoints: '1', endpoint_id: '' })

/** Where somebody else may do the same with what is theirs. */
const foreignAllowed = new Set([
  '/console/endpoints',
  '/console/events/new',
  '/console/deliveries/redeliver',
  '/console/replays/confirm',
])

/** Those that only show what is hidden, and the session's own. */
const harmless = [
  '/console/sign-in',
  '/console/sign-out',
  '/console/deliveries/:id/show',
  '/console/events/:id/show',
]

const h1 = (page: string) => /<h1[^>]*>([\s\S]*?)<\/h1>/.exec(page)![1]!.replace(/<[^>]+>/g, '')

/** What a step of a sheet hands on to the next. */
function hiddenIn(page: string): Record<string, string> {
  const sheet = page.slice(page.indexOf('class="sheet'))
  const fields = sheet.matchAll(/<input type="hidden" name="([a-z]\w*)" value="([^"]*)"/g)
  return Object.fromEntries([...fields].map(([, name, value]) => [name!, value!]))
}

/** Everything that a form could change. */
const dump = async () =>
  (
    await it.db.query(
      `select (select json_agg(p order by id) from outbox.endpoints p), (select json_agg(s order by id) from outbox.endpoint_secrets s),
              (select json_agg(d order by endpoint_id, event_id) from outbox.deliveries d), (select json_agg(r order by id) from outbox.replays r),
              (select json_agg(k.name order by id) from outbox.api_keys k), (select count(*) from outbox.events), (select count(*) from outbox.audit),
              (select json_agg(i) from outbox.identity i), (select count(*) from outbox.held_senders)`,
    )
  ).rows[0]

test('the list of forms here is complete', () => {
  const routes = createOutbox().app.routes.filter(
    ({ method, path }) => method === 'POST' && path.startsWith('/console'),
  )
  expect([...new Set(routes.map(({ path }) => path))].sort()).toEqual(
    [...forms.map(([route]) => route), ...harmless].sort(),
  )
})

type Attempt = (path: string, fields: Record<string, string>) => Promise<{ status: number }>

const from = async (key: string) => it.signIn(key)

const refusals: readonly [who: string, attempt: () => Promise<Attempt>, statuses: number[]][] = [
  ['without a session', async () => visitor(it.url, '').post, [401]],
  ['with a read key', async () => (await from('look')).post, [403]],
  ["with another tenant's key", async () => (await from('k8')).post, [404]],
  [
    'from a page of another origin',
    async () => {
      const who = await from('dev')
      return (path, fields) => who.post(path, fields, { origin: 'https://other.example' })
    },
    [403],
  ],
  [
    'from another site, as the browser says',
    async () => {
      const who = await from('dev')
      return (path, fields) => who.post(path, fields, { 'sec-fetch-site': 'cross-site' })
    },
    [403],
  ],
  [
    'without an origin',
    async () => {
      const { cookie, token } = await from('dev')
      return async (path, fields) =>
        send(it.url, path, {
          method: 'POST',
          body: new URLSearchParams({ _token: await token(), ...fields }),
          headers: { cookie },
        })
    },
    [403],
  ],
  [
    'without the token',
    async () => {
      const { cookie } = await from('dev')
      return (path, fields) =>
        send(it.url, path, {
          method: 'POST',
          body: new URLSearchParams(fields),
          headers: { cookie, origin: it.url },
        })
    },
    [403],
  ],
  [
    "with another session's token",
    async () => {
      const [who, other] = [await from('dev'), await from('dev')]
      return async (path, fields) => who.post(path, { ...fields, _token: await other.token() })
    },
    [403],
  ],
  [
    'as JSON',
    async () => {
      const { cookie, token } = await from('dev')
      return async (path, fields) =>
        send(it.url, path, {
          method: 'POST',
          body: JSON.stringify({ ...fields, _token: await token() }),
          headers: { cookie, origin: it.url, 'content-type': 'application/json' },
        })
    },
    [403],
  ],
]

describe.each(refusals)('%s', (who, attempt, statuses) => {
  test('every form that changes something is refused, and nothing has changed', async () => {
    const before = await dump()
    const post = await attempt()
    for (const [route, path, fields] of forms) {
      const isForeign = who === "with another tenant's key"
      if (isForeign && foreignAllowed.has(route)) continue
      const { status } = await post(path(scene), typeof fields === 'function' ? fields(scene) : fields)
      // A token of somebody else is as unknown as one that never was.
      const expected = isForeign && route === '/console/replays' ? [409] : statuses
      expect(expected, `${route} ${status}`).toContain(status)
    }
    expect(await dump()).toEqual(before)
  })
})

describe('a form does', () => {
  let admin: Visitor
  beforeAll(async () => {
    admin = await it.signIn()
  })
  const stateOf = async (id: string) => (await it.api('GET', `/v1/endpoints/${id}`)).body.state

  test('create an endpoint, and show its secret once', async () => {
    const page = await admin.post('/console/endpoints', newEndpoint)
    expect(page.status).toBe(200)
    expect(page.text).toMatch(/whsec_[\w+/=]{32,}/)
    const id = /ep_[0-9a-f]{24}/.exec(page.text)![0]
    const { body } = await it.api('GET', `/v1/endpoints/${id}`)
    expect(body).toMatchObject({ url: newEndpoint.url, event_types: ['order.shipped', 'invoice.*'] })
    expect((await admin.get(`/console/endpoints/${id}`)).text).not.toContain('whsec_')
  })

  test('say what is wrong, and keep what was typed', async () => {
    const page = await admin.post('/console/endpoints', {
      url: 'nonsense',
      description: 'kept',
      which: 'some',
    })
    expect(page.status).toBe(400)
    expect(page.text).toContain('must begin with https://')
    expect(page.text).toContain('value="kept"')
    expect(page.text).toContain('must name at least one')
  })

  test('change an endpoint', async () => {
    const page = await admin.post(`/console/endpoints/${scene.well}/edit`, {
      url: 'https://example.com/moved',
      which: 'all',
      rate_per_second: '20',
    })
    expect(page.headers.get('location')).toBe(`/console/endpoints/${scene.well}?done=edit`)
    expect((await it.api('GET', `/v1/endpoints/${scene.well}`)).body).toMatchObject({
      url: 'https://example.com/moved',
      rate_per_second: 20,
    })
  })

  test('pause, resume and disable, each with a way back on the next page', async () => {
    for (const [action, state, back] of [
      ['pause', 'paused', 'resume'],
      ['resume', 'active', 'pause'],
      ['disable', 'disabled', 'resume'],
      ['resume', 'active', 'pause'],
    ] as const) {
      const page = await admin.post(`/console/endpoints/${scene.well}/${action}`)
      expect(await stateOf(scene.well)).toBe(state)
      expect((await admin.get(page.headers.get('location')!)).text).toContain(
        `/console/endpoints/${scene.well}/${back}"`,
      )
    }
  })

  test('send a test event, and lead to its delivery', async () => {
    const page = await admin.post(`/console/endpoints/${scene.well}/test`)
    expect(page.headers.get('location')).toMatch(/^\/console\/deliveries\/dlv_/)
    expect((await admin.get(page.headers.get('location')!)).text).toContain('outbox.test')
  })

  test('rotate a secret, and show the new one once', async () => {
    const page = await admin.post(`/console/endpoints/${scene.well}/rotate`, { overlap_seconds: '3600' })
    expect(page.text).toMatch(/whsec_/)
    expect((await it.api('GET', `/v1/endpoints/${scene.well}`)).body.keys).toHaveLength(2)
  })

  test('send a dead delivery again', async () => {
    expect((await admin.get(`/console/deliveries/${scene.dead}`)).text).toContain('Redeliver')
    await admin.post(`/console/deliveries/${scene.dead}/redeliver`)
    expect((await it.api('GET', `/v1/deliveries/${scene.dead}`)).body.state).toBe('pending')
  })

  test('count a replay first, then begin exactly that one', async () => {
    const path = `/console/endpoints/${scene.failing}/replay`
    const preview = await admin.post(path, { step: 'preview', since: '2026-01-01', only: 'undelivered' })
    expect(h1(preview.text)).toMatch(/^\d+ deliver(y|ies) will be sent again$/)
    const pinned = hiddenIn(preview.text)
    const begun = await admin.post('/console/replays', pinned)
    const { data } = (await it.api('GET', '/v1/replays')).body
    expect(begun.headers.get('location')).toBe(`/console/replays/${data[0].id}`)
    expect(data[0]).toMatchObject({
      endpoint_id: scene.failing,
      count: Number(pinned.count),
      only: 'undelivered',
    })
    expect(data[0].filter.since).toBe('2026-01-01T00:00:00.000Z')
  })

  describe('send all deliveries again that match a filter:', () => {
    const path = '/console/deliveries/redeliver'

    test('choose, see exactly which, begin, and watch', async () => {
      const page = (await admin.get('/console/deliveries?error=bad_status')).text
      expect(page).toContain('href="/console/deliveries/redeliver?error=bad_status"')
      const chosen = (await admin.get(`${path}?error=bad_status`)).text
      expect(chosen).toContain('that failed with <b><bdi>bad_status')
      const preview = (await admin.post(path, hiddenIn(chosen))).text
      expect(h1(preview)).toBe('1 delivery will be sent again')
      for (const part of ['example.com/failing', 'order.shipped', 'Committed', 'It takes'])
        expect(preview).toContain(part)
      const begun = await admin.post('/console/replays', hiddenIn(preview))
      const progress = (await admin.get(begun.headers.get('location')!)).text
      expect(h1(progress)).toMatch(/^0 of 1 made due so far/)
      expect(progress).toContain('Cancel the rest')
    })

    test('what began once does not begin again, and another tenant cannot begin it', async () => {
      const preview = (await admin.post(path, { state: 'delivered', only: 'all' })).text
      const pinned = hiddenIn(preview)
      const other = await it.signIn('k8')
      expect((await other.post('/console/replays', pinned)).status).toBe(409)
      expect((await admin.post('/console/replays', pinned)).status).toBe(303)
      expect((await admin.post('/console/replays', pinned)).text).toContain('This was started already.')
    })

    test('what was delivered is left out, and counted', async () => {
      const preview = (await admin.post(path, { type: 'order.shipped', only: 'undelivered' })).text
      expect(preview).toMatch(/[12] already delivered/)
    })

    test('a filter that cannot be read, or none, sends nothing', async () => {
      for (const [fields, words] of [
        [{ status: 'sometimes' }, 'This could not be read: status.'],
        [{ since: 'yesterday', state: 'dead' }, 'This could not be read: since.'],
        [{}, 'A filter is needed'],
      ] as const) {
        const page = await admin.post(path, fields)
        expect([page.status, page.text.includes(words)], words).toEqual([400, true])
      }
      expect((await admin.get('/console/deliveries')).text).not.toContain('Redeliver all that match')
    })

    test('a number above a hundred, and any in production, is typed first', async () => {
      const confirmed = { token: scene.token, count: '412', endpoints: '5', endpoint_id: '' }
      const seven = await it.signIn('k7')
      const question = (await seven.post('/console/replays/confirm', confirmed)).text
      expect(h1(question)).toBe('Send 412 deliveries again?')
      expect(question).toContain('Type 412 to confirm, because it is more than 100')
      for (const typed of ['', '41', '4120'])
        expect((await seven.post('/console/replays', { ...confirmed, typed })).status, typed).toBe(400)
      expect((await seven.post('/console/replays', { ...confirmed, typed: '412' })).status).toBe(303)

      const production = await startConsole({ OUTBOX_ENVIRONMENT: 'production' })
      const theirs = await fill(production)
      const who = await production.signIn('k7')
      const one = { token: theirs.token, count: '1', endpoints: '1', endpoint_id: '' }
      const asked = await who.post('/console/replays', one)
      expect([asked.status, asked.text.includes('because this is production')]).toEqual([400, true])
    })
  })

  test('write an event, with the example of its type', async () => {
    expect((await admin.get('/console/events/new?type=order.new')).text).toContain('value="order.new"')
    const wrong = await admin.post('/console/events/new', { type: 'order.new', data: '{' })
    expect([wrong.status, wrong.text.includes('is not JSON')]).toEqual([400, true])
    const page = await admin.post('/console/events/new', {
      type: 'order.new',
      key: 'orders/9',
      data: '{"n":12345678901234567890}',
    })
    const id = page.headers.get('location')!.split('/').at(-1)
    const { body } = await it.api('GET', `/v1/events/${id}`)
    expect(body).toMatchObject({ type: 'order.new', key: 'orders/9' })
  })

  test('set what few endpoints need, and leave headers that are not shown as they are', async () => {
    const page = await admin.post('/console/endpoints', {
      ...newEndpoint,
      name: 'erp',
      retry_schedule: '5, 300',
      headers: 'authorization: Bearer a:b\nx-one: 1',
      format: 'slack',
      kind: 'push',
    })
    const id = /ep_[0-9a-f]{24}/.exec(page.text)![0]
    const sealed = async () =>
      (await it.db.query('select sealed_headers from outbox.endpoints where name = $1', ['erp'])).rows[0]
        .sealed_headers
    const before = await sealed()
    expect(before).not.toBeNull()
    const form = (await admin.get(`/console/endpoints/${id}/edit`)).text
    expect(form).not.toContain('Bearer a:b')
    expect(form).toContain('value="5, 300"')
    const fields = { url: newEndpoint.url, which: 'all', name: 'erp', retry_schedule: '', headers: '' }
    await admin.post(`/console/endpoints/${id}/edit`, fields)
    expect((await it.api('GET', `/v1/endpoints/${id}`)).body).toMatchObject({
      name: 'erp',
      retry_schedule: null,
    })
    expect(await sealed()).toEqual(before)
    await admin.post(`/console/endpoints/${id}/edit`, { ...fields, headers: '-' })
    expect(await sealed()).toBeNull()
    const wrong = await admin.post(`/console/endpoints/${id}/edit`, { ...fields, retry_schedule: '5, soon' })
    expect(wrong.status).toBe(400)
  })

  test('delete an endpoint only when its name was typed', async () => {
    const { id } = (await it.api('POST', '/v1/endpoints', { url: 'https://gone.example/hooks' })).body
    const path = `/console/endpoints/${id}/delete`
    expect((await admin.get(path)).text).toContain('Type gone.example to confirm')
    for (const typed of ['', 'gone', 'example.com']) {
      const page = await admin.post(path, { typed })
      expect([page.status, page.text.includes('nothing was deleted')], typed).toEqual([400, true])
    }
    expect(await stateOf(id)).toBe('active')
    const page = await admin.post(path, { typed: 'gone.example' })
    expect(page.headers.get('location')).toBe('/console/endpoints?done=delete')
    expect((await it.api('GET', `/v1/endpoints/${id}`)).status).toBe(404)
  })

  describe('send an event again to one endpoint:', () => {
    test('choose it, see what is sent, begin, and it is due', async () => {
      const page = (await admin.get(`/console/events/${scene.event}`)).text
      expect(page).toContain(`href="/console/events/${scene.event}/send"`)
      const path = `/console/events/${scene.event}/send`
      const chosen = (await admin.get(path)).text
      expect(chosen).toContain(`value="${scene.paused}"`)
      expect(chosen).not.toContain(`value="${scene.theirs}"`)
      const preview = (await admin.post(path, { endpoint_id: scene.failing })).text
      expect(h1(preview)).toBe('1 delivery will be sent again')
      const begun = await admin.post('/console/replays', hiddenIn(preview))
      const { body } = await it.api('GET', `/v1${begun.headers.get('location')!.replace('/console', '')}`)
      expect(body).toMatchObject({
        count: 1,
        only: 'all',
        filter: { event_id: scene.event, endpoint_id: scene.failing },
      })
    })

    test('also one that was created after the event, and none that does not want it', async () => {
      const late = (await it.api('POST', '/v1/endpoints', { url: 'https://late.example' })).body.id
      const other = { url: 'https://other.example', event_types: ['invoice.*'] }
      const deaf = (await it.api('POST', '/v1/endpoints', other)).body.id
      const path = `/console/events/${scene.event}/send`
      expect((await admin.get(path)).text).toMatch(new RegExp(`value="${late}"[^>]*>[^]*?did not get it`))
      expect(h1((await admin.post(path, { endpoint_id: late })).text)).toBe('1 delivery will be sent again')
      for (const id of [deaf, scene.theirs, 'ep_0', '']) {
        const page = await admin.post(path, { endpoint_id: id })
        expect([page.status, page.text.includes('Nothing was sent.')], id).toEqual([400, true])
      }
    })

    test('a tenant sends what is its own to itself', async () => {
      const seven = await it.signIn('k7')
      const path = `/console/events/${scene.theirEvent}/send`
      const preview = (await seven.post(path, { endpoint_id: scene.theirs })).text
      expect(h1(preview)).toBe('1 delivery will be sent again')
      expect((await seven.post(path, { endpoint_id: scene.well })).status).toBe(400)
      expect((await seven.get(`/console/events/${scene.event}/send`)).status).toBe(404)
    })
  })

  test('cancel a replay', async () => {
    await admin.post(`/console/replays/${scene.replay}/cancel`)
    expect((await it.api('GET', `/v1/replays/${scene.replay}`)).body.state).not.toBe('running')
  })

  test('give out a key that works, show it once, and take it back', async () => {
    const page = await admin.post('/console/keys', { name: 'support-desk', scope: 'read' })
    const key = /obk_[0-9a-f]{64}/.exec(page.text)![0]
    expect((await it.api('GET', '/v1/endpoints', undefined, key)).status).toBe(200)
    const list = (await admin.get('/console/keys')).text
    expect(list).not.toContain(key)
    const id = /keys\/(key_[0-9a-f]+)\/revoke"[\s\S]*?Revoke the key support-desk/.exec(list)![1]
    const asked = (await admin.get(`/console/keys/${id}/revoke`)).text
    expect(asked).toContain('Revoke the key support-desk?')
    await admin.post(`/console/keys/${id}/revoke`)
    expect((await admin.get(`/console/keys/${id}/revoke`)).status).toBe(404)
    expect((await it.api('GET', '/v1/endpoints', undefined, key)).status).toBe(401)
  })
})

describe('a database that may be a copy', () => {
  let copy: Console
  let admin: Visitor
  const path = '/console/system/adopt'
  beforeAll(async () => {
    copy = await startConsole()
    await fill(copy)
    await hold(copy.db)
    admin = await copy.signIn()
  })
  const stateNow = async () => (await copy.api('GET', '/v1/system')).body.state

  test('is said to be one, with the way to say what it is, for admin keys alone', async () => {
    for (const page of ['/console', '/console/system'])
      expect((await admin.get(page)).text, page).toContain('href="/console/system/adopt"')
    const reader = await copy.signIn('look')
    const seen = (await reader.get('/console/system')).text
    expect(seen).toContain('Nothing is sent: this database may be a copy.')
    expect(seen).not.toContain('system/adopt')
    expect((await reader.get(path)).status).toBe(403)
    expect((await (await copy.signIn('k7')).get(path)).status).toBe(404)
  })

  test('stays held until what it is was typed, and for the database that was shown alone', async () => {
    const { facts } = hiddenIn((await admin.get(path)).text)
    const seen = facts!.replaceAll('&quot;', '"')
    for (const [fields, words] of [
      [{ as: 'new', typed: '', facts: seen }, 'is not new: nothing was changed'],
      [{ as: 'new', typed: 'replacement', facts: seen }, 'is not new: nothing was changed'],
      [{ as: '', typed: 'new', facts: seen }, 'Say which of the two it is.'],
      [{ as: 'new', typed: 'new', facts: '{"database":"5","system":"6"}' }, 'This is another database'],
      [{ as: 'new', typed: 'new', facts: 'nonsense' }, 'Nothing was changed.'],
    ] as const) {
      const page = await admin.post(path, fields)
      expect([page.status, page.text.includes(words)], words).toEqual([400, true])
      expect(await stateNow()).toBe('held')
    }
  })

  test('is adopted as a new one: what waits is canceled and every endpoint is paused', async () => {
    const facts = hiddenIn((await admin.get(path)).text).facts!.replaceAll('&quot;', '"')
    const page = await admin.post(path, { as: 'new', typed: ' new ', facts })
    expect(page.headers.get('location')).toBe('/console/system?done=new')
    expect(await stateNow()).toBe('bound')
    const { data } = (await copy.api('GET', '/v1/endpoints')).body
    expect(new Set(data.map(({ state }: Answered) => state))).toEqual(new Set(['paused']))
    expect((await admin.get('/console/audit')).text).toContain('Adopted the database')
    const again = await admin.post(path, { as: 'new', typed: 'new', facts })
    expect([again.status, again.text.includes('Nothing is held')]).toEqual([400, true])
  })

  test('is adopted as the replacement: what waits is sent', async () => {
    await copy.db.query('delete from outbox.identity')
    await hold(copy.db)
    const facts = hiddenIn((await admin.get(path)).text).facts!.replaceAll('&quot;', '"')
    await admin.post(path, { as: 'replacement', typed: 'replacement', facts })
    expect((await copy.api('GET', '/v1/system')).body).toMatchObject({
      state: 'bound',
      bound: { adopted_as: 'replacement' },
    })
  })
})

test('what an event says is hidden until somebody asks, and that they asked is in the audit', async () => {
  const reader = await it.signIn('look')
  for (const path of [`/console/events/${scene.event}`, `/console/deliveries/${scene.retried}`]) {
    expect((await reader.get(path)).text, path).not.toContain('12345678901234567890')
    const { rows } = await it.db.query(
      `select count(*)::int as n from outbox.audit where action = 'event.shown'`,
    )
    expect((await reader.post(`${path}/show`)).text, path).toContain('12345678901234567890')
    const after = await it.db.query(
      `select who, action from outbox.audit where action = 'event.shown' order by id`,
    )
    expect(after.rows.slice(rows[0].n), path).toEqual([{ who: 'viewer', action: 'event.shown' }])
  }
})

test("another tenant's event is not shown, and nothing is written about it", async () => {
  const count = async () => (await it.db.query('select count(*)::int as n from outbox.audit')).rows[0].n
  const before = await count()
  const other = await it.signIn('k8')
  expect((await other.post(`/console/events/${scene.theirEvent}/show`)).status).toBe(404)
  expect((await other.post(`/console/deliveries/${scene.theirDelivery}/show`)).status).toBe(404)
  expect(await count()).toBe(before)
})

test('an event is shown whatever its columns are called', async () => {
  const admin = await it.signIn()
  for (const name of ['constructor', '__proto__', 'toString']) {
    const data = `{"table":"t","operation":"update","old":{"a":1},"new":{"a":1,"${name}":"<i>after</i>"}}`
    const { rows } = await it.db.query(`select outbox.emit('row.changed', $1::json) as id`, [data])
    const page = await admin.post(`/console/events/${rows[0].id}/show`)
    expect([page.status, page.text.includes('&lt;i&gt;after&lt;/i&gt;')], name).toEqual([200, true])
    expect(page.text, name).toContain('1 of 2 columns changed')
  }
})
