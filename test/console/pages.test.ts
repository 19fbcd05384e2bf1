// The console's pages: what each says in which state, to whom, and at what price.

import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Console, fill, hostile, type Scene, startConsole, type Visitor } from './console.ts'
import { countRoundTrips } from './round-trips.ts'

let it: Console
let scene: Scene
let admin: Visitor
let reader: Visitor
let seven: Visitor
beforeAll(async () => {
  it = await startConsole()
  scene = await fill(it)
  admin = await it.signIn()
  reader = await it.signIn('look')
  seven = await it.signIn('k7')
})

const text = async (who: Visitor, path: string) => (await who.get(path)).text
const h1 = (page: string) => /<h1[^>]*>([\s\S]*?)<\/h1>/.exec(page)![1]!.replace(/<[^>]+>/g, '')

const pagesOf = (s: Scene) => [
  '/console',
  '/console/endpoints',
  '/console/endpoints/new',
  `/console/endpoints/${s.failing}`,
  `/console/endpoints/${s.well}`,
  `/console/endpoints/${s.failing}/edit`,
  `/console/endpoints/${s.failing}/replay`,
  `/console/endpoints/${s.failing}/rotate`,
  `/console/endpoints/${s.failing}/delete`,
  '/console/deliveries',
  '/console/deliveries?state=dead',
  '/console/deliveries/redeliver?state=dead',
  `/console/deliveries/${s.retried}`,
  '/console/events',
  '/console/events?table=orders&row=orders/8',
  `/console/events/${s.event}`,
  `/console/events/${s.event}/send`,
  '/console/events/new',
  '/console/system',
  '/console/system/adopt',
  '/console/replays',
  `/console/replays/${s.replay}`,
  '/console/keys',
  `/console/keys/${s.key}/revoke`,
  '/console/audit',
  '/console/charts',
  `/console/charts/spark?endpoint_id=${s.failing}`,
  `/console/charts?range=24h&endpoint_id=${s.failing}`,
]

describe('the first line is the answer', () => {
  test('Now counts what fails and what waits, and says that it is the receivers', async () => {
    const page = await text(admin, '/console')
    expect(h1(page)).toMatch(/^1 endpoint fails\. 2 deliveries wait/)
    expect(page).toContain('It is the receivers, not Outbox:')
    expect(page).toContain('12 attempts failed in a row')
  })

  test('while nobody sends, Now says that it is Outbox', async () => {
    const silent = await startConsole()
    await silent.api('POST', '/v1/endpoints', { url: 'https://example.com/hooks' })
    expect(await text(await silent.signIn(), '/console')).toContain('It is Outbox: nothing sends.')
  })

  test('while the database may be a copy, Now and System say that nothing is sent', async () => {
    const copy = await startConsole()
    await copy.db.query(`select outbox.identify('db:5432', 'cron')`)
    await copy.db.query(`update outbox.identity set facts = '{"system": "1", "database": "2"}'`)
    const operator = await copy.signIn()
    for (const path of ['/console', '/console/system']) {
      const page = await text(operator, path)
      expect(h1(page)).toBe('Nothing is sent: this database may be a copy.')
      expect(page).toContain('outbox system adopt')
    }
  })

  test('after a run of the cron function that failed, Now says with what', async () => {
    const failing = await startConsole()
    await failing.db.query(
      `insert into outbox.failed_cron_run (version, started_at, failed_at, failure) values ('0.1.0', now(), now(), 'claim failed: 57014')`,
    )
    const page = await text(await failing.signIn(), '/console')
    expect(page).toContain('claim failed: 57014')
    expect(page).toContain('None before it came to its end.')
  })

  test('with more endpoints than it lists, Now counts them all and lists those in trouble first', async () => {
    const many = await startConsole()
    await many.db.query(
      `insert into outbox.endpoints (url, state, disabled_reason)
       select 'https://example.com/' || n, case when n <= 60 then 'paused' when n > 300 then 'disabled' else 'active' end::outbox.endpoint_state,
              case when n > 300 then 'manual' end::outbox.disabled_reason
       from generate_series(1, 310) n`,
    )
    await many.db.query(
      `insert into outbox.delivery_rows (endpoint_id, event_id, state) select id, n, 'pending' from outbox.endpoints, generate_series(1, 2) n where state = 'paused'`,
    )
    await many.db.query(
      `insert into outbox.delivery_rows (endpoint_id, event_id, state, due_at)
       select id, n, 'pending', now() + interval '1 hour' from outbox.endpoints, generate_series(1, 5) n where state = 'active'`,
    )
    const page = await text(await many.signIn(), '/console')
    expect(h1(page)).toMatch(/^60 endpoints have deliveries that do not leave\. 1,320 deliveries wait/)
    expect(page.split('It is paused. Its deliveries leave when it is resumed.').length - 1).toBe(30)
    expect(page).toContain('30 more in trouble')
    expect(page).toContain('Of the others 240 are healthy, 10 are paused or disabled')
    expect(page).toContain('All endpoints')
    expect(page).toMatch(/<dt>Endpoints<\/dt>\s*<dd[^>]*>310</)
  })

  test('Now leads to the result of the checks of capture, and System has it', async () => {
    const page = await text(admin, '/console')
    const [, path, id] = /data-include="([^"]+)" data-from="(capture)"/.exec(page)!
    expect(await text(admin, path!)).toMatch(new RegExp(`id="${id}">.*All \\d+ hold`, 's'))
  })

  test('a delivery says why it is where it is', async () => {
    expect(h1(await text(admin, `/console/deliveries/${scene.retried}`))).toMatch(
      /^The circuit breaker is open after 12 failures: one probe goes out at \d\d:\d\d:\d\d/,
    )
    expect(h1(await text(admin, `/console/deliveries/${scene.delivered}`))).toMatch(/^Delivered at/)
    expect(h1(await text(admin, `/console/deliveries/${scene.dead}`))).toMatch(/^Dead since/)
  })

  test('an endpoint that fails says since when, with what, and what to do when it is mended', async () => {
    const page = await text(admin, `/console/endpoints/${scene.failing}`)
    expect(page).toContain('12 attempts in a row failed')
    expect(page).toContain('the last with status 503')
    expect(page).toContain('When it is mended')
    // Its breaker is open: nobody has to wait for the next probe.
    expect(page).toMatch(new RegExp(`action="/console/endpoints/${scene.failing}/resume".*Go on now`, 's'))
    expect(page).toMatch(/If nothing but failures comes until <time [^>]+>\d{4}-\d\d-\d\d /)
    const begun = /\/replay\?since=([^"]+)" data-sheet/g
    const replays = [...page.matchAll(begun)].map(([, since]) => Date.parse(decodeURIComponent(since!)))
    expect(replays).toHaveLength(2) // in its header, and where it is mended
    for (const since of replays) expect(Math.abs(Date.now() - 300_000 - since)).toBeLessThan(120_000)
  })

  test('what an error means is said once where several attempts in a row failed alike', async () => {
    const page = await text(admin, `/console/deliveries/${scene.retried}`)
    expect(page.match(/failed with status 503/g)).toHaveLength(3)
    expect(page.match(/<code>bad_status<\/code>:/g)).toHaveLength(1)
  })

  test('an event says who gets it, and why others do not', async () => {
    const page = await text(admin, `/console/events/${scene.event}`)
    expect(page).toContain('3 endpoints want it')
    expect(page).toContain('Another tenant')
  })
})

describe('where there is nothing', () => {
  test('each list says what would be there', async () => {
    const fresh = await startConsole()
    const who = await fresh.signIn()
    expect(h1(await text(who, '/console'))).toBe('No endpoint is registered yet.')
    for (const [path, words] of [
      ['endpoints', 'There are no endpoints yet.'],
      ['deliveries', 'There are no deliveries yet.'],
      ['events', 'There are no events yet.'],
      ['replays', 'There are no replays yet.'],
      ['keys', 'No key was given out yet.'],
      ['audit', 'Nothing was changed yet.'],
    ])
      expect(await text(who, `/console/${path}`), path).toContain(words)
  })

  test('a chart of nothing says so, and has no numbers', async () => {
    const fresh = await startConsole()
    const { id } = (await fresh.api('POST', '/v1/endpoints', { url: 'https://example.com/hooks' })).body
    const who = await fresh.signIn()
    for (const path of ['/console/charts', `/console/charts?endpoint_id=${id}`]) {
      const page = await text(who, path)
      expect(page, path).toContain('No attempt was made in this time.')
      expect(page, path).not.toContain('data-chart')
      expect(page, path).not.toContain('class="num"')
    }
  })

  test('a filter that is a pattern, as endpoints have it, is said to be none', async () => {
    for (const path of ['deliveries', 'events'])
      expect(await text(admin, `/console/${path}?type=order.*`), path).toContain('patterns with * are for')
  })

  test('a list that is empty by its filter says so and offers to clear it', async () => {
    expect(await text(admin, '/console/deliveries?state=canceled')).toContain('No delivery matches.')
    expect(await text(admin, '/console/events?type=no.such')).toContain('No event matches.')
    expect(await text(admin, '/console/endpoints?url=nowhere.example')).toContain(
      'No endpoint has that in its address.',
    )
    for (const path of ['deliveries?state=canceled', 'events?type=no.such', 'endpoints?url=nowhere.example'])
      expect(await text(admin, `/console/${path}`), path).toContain('Clear the filter')
  })

  test('a list of deliveries is filtered by what one knows, and says so in a sentence', async () => {
    const page = await text(
      admin,
      '/console/deliveries?status=5xx&error=bad_status&since=2026-01-01&type=order.shipped',
    )
    expect(page).toContain(scene.retried)
    expect(page).not.toContain(scene.dead)
    expect(page).toMatch(/1 delivery of <b><bdi>order\.shipped/)
    expect(await text(admin, '/console/deliveries?error=timeout')).toContain(scene.dead)
    expect(await text(admin, '/console/deliveries?key=orders/8')).toContain(scene.dead)
    expect(await text(admin, '/console/deliveries?status=sometimes')).toContain('could not be read: status')
  })

  test('a time that cannot be read is said, and left out', async () => {
    expect(await text(admin, '/console/events?since=yesterday')).toContain('could not be read')
  })
})

test('what is missing, foreign or malformed is one and the same page', async () => {
  const paths = [
    `/console/endpoints/${scene.well}`,
    `/console/deliveries/${scene.retried}`,
    `/console/events/${scene.event}`,
    '/console/endpoints/ep_0000000000000fffffffffff',
    '/console/deliveries/nonsense',
    '/console/events/evt_',
    '/console/nowhere',
    '/console/system',
    '/console/system/adopt',
    '/console/audit',
    '/console/keys',
  ]
  const pages = await Promise.all(paths.map(path => seven.get(path)))
  const comparable = (page: string) => page.replace(/\d\d:\d\d:\d\d|datetime="[^"]+"|Signed in [^;]+;/g, '')
  for (const [i, page] of pages.entries()) {
    expect(page.status, paths[i]).toBe(404)
    expect(comparable(page.text), paths[i]).toBe(comparable(pages[0]!.text))
  }
})

test('a read key sees every page and no form but those that search, show and sign out', async () => {
  for (const path of pagesOf(scene)) {
    const page = await reader.get(path)
    if (/\/(new|edit|replay|rotate|delete|redeliver|send|adopt|keys|revoke|audit)(\?.*)?$/.test(path)) {
      expect(page.status, path).toBe(403)
      continue
    }
    expect(page.status, path).toBe(200)
    const actions = [...page.text.matchAll(/<form[^>]*method="post" action="([^"]*)"/g)].map(
      ([, action]) => action!,
    )
    expect(
      actions.filter(action => !/\/(sign-out|show)$/.test(action)),
      path,
    ).toEqual([])
  }
  expect(await text(reader, '/console')).toContain('What would change something is not shown.')
})

test("a tenant's key sees what is theirs, and nothing of others or of what is inside", async () => {
  for (const path of [
    '/console',
    '/console/endpoints',
    '/console/deliveries',
    '/console/events',
    '/console/replays',
  ]) {
    const page = await seven.get(path)
    expect(page.status, path).toBe(200)
    expect(page.text, path).not.toMatch(/example\.com\/(well|failing|paused)/)
  }
  const page = await text(seven, `/console/deliveries/${scene.theirDelivery}`)
  expect(page).toContain('unreachable')
  expect(page).not.toContain('connection')
  expect(await text(admin, `/console/deliveries/${scene.theirDelivery}`)).toContain('connection')
})

test('nothing that others wrote becomes markup, and what cannot be seen is shown', async () => {
  for (const path of pagesOf(scene)) {
    const page = await text(admin, path)
    expect(page, path).not.toContain(hostile)
    expect(page, path).not.toMatch(/<script>|<img/)
    expect(page, path).not.toMatch(/(?![\n\t])\p{Cc}|\p{Default_Ignorable_Code_Point}|[\u2028\u2029]/u)
    // A URL's query may hold a token. It is shown where the endpoint's settings are, as in the API.
    if (path !== `/console/endpoints/${scene.well}`) expect(page, path).not.toContain('canary')
    expect(page, path).not.toMatch(/ style="| on\w+="|javascript:/)
  }
  expect(await text(admin, '/console/events')).toContain('\u27e8U+202E\u27e9')
})

test('an attempt is copied as one command, whatever its writer calls himself', async () => {
  await it.db.query(
    `update outbox.events set actor = $1 where id = (select event_id from outbox.delivery_rows where state = 'dead' and reason = 'timeout')`,
    ["o'neil'; touch /tmp/owned #"],
  )
  const page = await text(admin, `/console/deliveries/${scene.dead}`)
  const [, curl] = /data-copy="(curl [^"]*)"/.exec(page)!
  expect(curl!.replaceAll('&#39;', "'")).toContain(`-H 'outbox-actor: o'\\''neil'\\''; touch /tmp/owned #' `)
})

test('the one search field knows ids, addresses and keys', async () => {
  const lead = async (q: string) =>
    (await admin.get(`/console/find?q=${encodeURIComponent(q)}`)).headers.get('location')
  expect(await lead(scene.event)).toBe(`/console/events/${scene.event}`)
  expect(await lead(scene.retried)).toBe(`/console/deliveries/${scene.retried}`)
  expect(await lead(` ${scene.well} `)).toBe(`/console/endpoints/${scene.well}`)
  expect(await lead('https://example.com/failing')).toMatch(/^\/console\/endpoints\?url=/)
  expect(await text(admin, (await lead('https://example.com/failing'))!)).toContain(scene.failing)
  expect(await lead('orders/8')).toBe('/console/events?key=orders%2F8')
})

test('"It should have fired" answers in one sentence', async () => {
  const page = await text(admin, '/console/events?table=nowhere&row=orders/8')
  expect(page).toContain('<b>There is no table nowhere.')
  expect(await text(seven, '/console/events?table=orders&row=orders/8')).not.toContain('It should have fired')
})

test('while the database does not answer, the page says what is not affected, and the request', async () => {
  const { rows } = await it.db.query('select current_database() as name')
  await it.db.query('alter table outbox.delivery_rows rename to hidden')
  try {
    const page = await admin.get('/console/deliveries')
    expect(page.status).toBe(503)
    expect(page.text).toContain('Sending is not affected by this page.')
    expect(page.text).toMatch(/Request <code>[0-9a-f-]{36}<\/code>/)
  } finally {
    await it.db.query('alter table outbox.hidden rename to delivery_rows')
  }
  expect(rows).toHaveLength(1)
})

test('each page takes at most three statements, whoever looks at it', async () => {
  const trips = await countRoundTrips()
  const counted = await startConsole({ NEON_PROXY: trips.url })
  const theirs = await fill(counted)
  const taken: Record<string, number> = {}
  for (const key of ['dev', 'k7', 'look']) {
    const who = await counted.signIn(key)
    for (const path of pagesOf({ ...theirs, ...(key === 'k7' ? ownOf(theirs) : {}) })) {
      trips.taken()
      await who.get(path)
      taken[`${key} ${path}`] = trips.taken()
    }
  }
  expect(Object.entries(taken).filter(([, n]) => n > 3)).toEqual([])
  expect(Math.max(...Object.values(taken))).toBe(3)
})

/** What tenant 7 may see of it. */
const ownOf = (s: Scene) => ({
  failing: s.theirs,
  well: s.theirs,
  event: s.theirEvent,
  retried: s.theirDelivery,
})

test('a page with its style and scripts weighs at most 45 kB, and its HTML at most 8 of them', async () => {
  for (const path of pagesOf(scene)) {
    const page = await text(admin, path)
    const files = [...page.matchAll(/\/console\/assets\/[\w.]+/g)].map(([file]) => file)
    const contents = await Promise.all([...new Set(files)].map(async file => (await admin.get(file)).text))
    const bytes = [page, ...contents].map(content => gzipSync(content).length)
    expect(bytes[0], path).toBeLessThan(8_000)
    expect(
      bytes.reduce((a, b) => a + b),
      path,
    ).toBeLessThan(45_000)
  }
})
