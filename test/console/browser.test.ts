// The console in a real browser: usable by keyboard alone and without script, and deaf to what hostile content says.
import { beforeAll, describe, expect } from 'vitest'
import { endStreams } from '../../functions/console/live.ts'
import { breachesIn, inBrowser, openWindow, sidewaysPixels, startBrowser } from './browser.ts'
import { type Console, fill, type Scene, startConsole } from './console.ts'
import { full } from './every-page.ts'

let it: Console
let scene: Scene
let cookie: string
beforeAll(async () => {
  if (!(await startBrowser())) return
  it = await startConsole()
  scene = await fill(it)
  cookie = (await it.signIn()).cookie
})

inBrowser('at 320 px nothing scrolls sideways', async browser => {
  const { page, close } = await openWindow(browser, it.url, cookie, { width: 320 })
  const long = 'x'.repeat(900)
  const { id } = (
    await it.api('POST', '/v1/endpoints', { url: `https://example.com/${long}`, description: long })
  ).body
  const unbroken = [
    `endpoints/${id}`,
    `events/${scene.event}/send`,
    `deliveries?endpoint_id=${long}`,
    `events?table=${long}&row=${long}`,
  ].map(path => [path.slice(0, 40), `/console/${path}`] as const)
  for (const [name, path] of [...full(scene), ...unbroken]) {
    await page.goto(path)
    expect(await sidewaysPixels(page), name).toBe(0)
  }
  await close()
})

inBrowser('no script of hostile content runs, and the page stays whole', async browser => {
  const { page, close } = await openWindow(browser, it.url, cookie)
  for (const [name, path] of full(scene)) {
    await page.goto(path)
    expect(await page.title(), name).toContain('Outbox')
    expect(await page.locator('footer.foot').count(), name).toBe(1)
    expect(await page.locator('main img, main script').count(), name).toBe(0)
  }
  await page.goto(`/console/events/${scene.event}`)
  await page.getByRole('button', { name: 'Show' }).click()
  await page.getByRole('region', { name: 'Data of the event' }).waitFor()
  expect(await page.title()).toContain('order.shipped')
  await close()
})

inBrowser('a whole replay by keyboard alone', async browser => {
  const { page, close } = await openWindow(browser, it.url, cookie)
  await page.goto('/console')
  await page.keyboard.press('j') // the first row, an endpoint in trouble
  await page.keyboard.press('Enter')
  await page.waitForURL('**/endpoints/ep_*')
  const endpoint = page.url().split('/').at(-1)
  await page.keyboard.press('r')
  await page.getByRole('dialog', { name: /its past events again/ }).waitFor()
  await page.getByLabel('Since (UTC)').focus()
  await page.keyboard.type('2026-01-01')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: /will be sent again|nothing to send/ }).waitFor()
  while (!/^Send .* again$/.test((await page.locator(':focus').textContent()) ?? ''))
    await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/console/replays/rpl_*')
  const { data } = (await it.api('GET', `/v1/replays?endpoint_id=${endpoint}`)).body
  expect(data).toHaveLength(1)
  await close()
})

describe('without script', () => {
  inBrowser('all that match are sent again, page by page', async browser => {
    const { page, close } = await openWindow(browser, it.url, cookie, { script: false })
    await page.goto('/console/deliveries?state=delivered')
    await page.getByRole('link', { name: 'Redeliver all that match…' }).click()
    await page.getByRole('button', { name: 'Preview' }).click()
    await page.getByRole('heading', { name: /will be sent again/ }).waitFor()
    await page.getByRole('button', { name: /^Send \d+ again$/ }).click()
    await page.waitForURL('**/console/replays/rpl_*')
    await close()
  })

  inBrowser('an endpoint is created and paused, and a delivery sent again', async browser => {
    const { page, close } = await openWindow(browser, it.url, cookie, { script: false })
    await page.goto('/console/endpoints/new')
    await page.getByLabel('URL', { exact: true }).fill('https://example.com/without-script')
    await page.getByRole('button', { name: 'Create the endpoint' }).click()
    expect(await page.locator('.quote').textContent()).toMatch(/^whsec_/)
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText('is paused.').first().waitFor()
    await page.goto(`/console/deliveries/${scene.dead}`)
    await page.getByRole('button', { name: 'Redeliver' }).click()
    await page.getByRole('button', { name: 'Send now' }).waitFor()
    expect((await it.api('GET', `/v1/deliveries/${scene.dead}`)).body.state).toBe('pending')
    await close()
  })
})

inBrowser('signing in and out, with a password field and a button', async browser => {
  const { page, close } = await openWindow(browser, it.url, 'nobody=here')
  await page.goto('/console/events')
  await page.getByLabel('API key').fill('dev')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/console/events')
  await page.getByRole('button', { name: /Signed in as/ }).click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL('**/console/sign-in')
  await page.goto('/console')
  await page.waitForURL('**/console/sign-in')
  await close()
})

inBrowser(
  'a new row is offered within seconds and waits for a click, and a page that cannot be read says that live has stopped',
  async browser => {
    const { page, close } = await openWindow(browser, it.url, cookie)
    const followed = page.waitForResponse(answer => answer.headers()['content-type'] === 'text/event-stream')
    await page.goto('/console/events')
    await followed
    const rows = await page.locator('.list tbody tr').count()
    await it.api('POST', '/v1/events', { type: 'order.new', data: 1 })
    await page.getByRole('button', { name: '1 new event' }).waitFor({ timeout: 5_000 })
    expect(await page.locator('.list tbody tr').count()).toBe(rows)
    await page.getByRole('button', { name: '1 new event' }).click()
    await page.getByRole('link', { name: 'order.new', exact: true }).waitFor()
    await page.route('**/console/events', route => route.abort())
    endStreams()
    await page.getByText('Live stopped at').first().waitFor()
    await close()
  },
)

inBrowser('a page that follows what happens changes where it differs, and nowhere else', async browser => {
  const { page, close } = await openWindow(browser, it.url, cookie)
  const { id } = (await it.api('POST', '/v1/endpoints', { url: 'https://example.com/followed' })).body
  await page.goto(`/console/endpoints/${id}`)
  await page.getByRole('button', { name: 'Disable' }).focus()
  await it.api('POST', `/v1/endpoints/${id}/pause`)
  await page.getByRole('button', { name: 'Resume' }).waitFor()
  expect(await page.locator('p .state use').first().getAttribute('href')).toBe('#i-paused')
  expect(await page.locator('#i-paused').count()).toBe(1)
  expect(await page.locator(':focus').textContent()).toBe('Disable')
  await page.keyboard.press('.')
  await it.api('POST', `/v1/endpoints/${id}/resume`)
  await it.api('POST', '/v1/events', { type: 'order.later', data: 1 })
  const other = await openWindow(browser, it.url, cookie)
  await other.page.goto(`/console/endpoints/${id}`)
  await it.api('POST', `/v1/endpoints/${id}/disable`)
  await other.page.getByText('Disabled (manual)').waitFor() // it follows, and the first one does not
  expect(await page.getByText('Disabled (manual)').count()).toBe(0)
  await Promise.all([close(), other.close()])
})

inBrowser('a part that a page fetches after itself comes with its icons', async browser => {
  await it.db.query(
    `insert into outbox.attempt_minutes (endpoint_id, tenant, minutes, begins_at, sender, outcome, attempts, duration_ms, delay_ms)
     select id, '', 1, date_bin('1 minute', now(), 'epoch') - interval '5 minutes', 'listener', 'timeout', 7, 0, 0
     from outbox.endpoints where url like '%/failing'`,
  )
  const { page, close } = await openWindow(browser, it.url, cookie)
  await page.goto(`/console/endpoints/${scene.failing}`)
  await page.getByText('What came of it').waitFor()
  const without = await page.evaluate(
    `[...document.querySelectorAll('use')].map(use => use.getAttribute('href')).filter(name => !document.querySelector(name))`,
  )
  expect(without).toEqual([])
  expect(await page.locator('.charts .state.failed use').count()).toBe(1)
  await close()
})

inBrowser('a step that gets no answer says so, and asks nobody to guess', async browser => {
  const { page, close } = await openWindow(browser, it.url, cookie)
  await page.goto('/console/deliveries?state=delivered')
  await page.keyboard.press('r')
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('heading', { name: 'Redeliver which deliveries?' }).waitFor()
  await page.route('**/deliveries/redeliver', route => route.abort())
  await dialog.getByRole('button', { name: 'Preview' }).click()
  await dialog.getByRole('alert').getByText('No answer came.').waitFor()
  await close()
})

inBrowser(
  'all that match are sent again in a dialog of four steps, which closes with Escape',
  async browser => {
    const { page, troubles, close } = await openWindow(browser, it.url, cookie)
    await page.goto('/console/deliveries?state=delivered')
    await page.keyboard.press('r')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('heading', { name: 'Redeliver which deliveries?' }).waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    await page.keyboard.press('r')
    await dialog.getByRole('button', { name: 'Preview' }).click()
    await dialog.getByRole('heading', { name: /will be sent again/ }).waitFor()
    expect(await breachesIn(page)).toEqual([])
    await dialog.getByRole('link', { name: 'Back' }).click()
    await dialog.getByRole('heading', { name: 'Redeliver which deliveries?' }).waitFor()
    await dialog.getByRole('button', { name: 'Preview' }).click()
    await dialog.getByRole('button', { name: /^Send \d+ again$/ }).click()
    await page.waitForURL('**/console/replays/rpl_*')
    await page.getByRole('button', { name: 'Cancel the rest' }).click()
    await page.getByRole('heading', { name: /^Canceled after/ }).waitFor()
    expect(troubles).toEqual([])
    await close()
  },
)

inBrowser(
  'keys are off in fields and can be switched off; theme and time zone change and are kept',
  async browser => {
    const { page, close } = await openWindow(browser, it.url, cookie)
    await page.goto('/console/events')
    await page.keyboard.press('/')
    await page.keyboard.type('gd')
    expect(page.url()).toContain('/console/events')
    await page.locator('h1').click()
    await page.keyboard.press('t')
    await page.keyboard.press('t')
    await page.keyboard.press('u')
    await page.keyboard.press('g')
    await page.keyboard.press('d')
    await page.waitForURL('**/console/deliveries')
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark')
    expect(await page.locator('#zone').textContent()).toContain('Local')
    await page.keyboard.press('?')
    await page.getByLabel('Single-letter shortcuts are on').uncheck()
    await page.keyboard.press('Escape')
    await page.locator('h1').click()
    await page.keyboard.press('t')
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark')
    await close()
  },
)
