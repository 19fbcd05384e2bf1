// The first five minutes of docs/console.md in a real browser, on a real `npm run dev`: with clicks, and what forms ask for.
// `OUTBOX_TEST_SHOTS=docs/console npx vitest run test/dev/first-minutes.test.ts` makes the pictures of that page again.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContext, Locator, Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { startBrowser, whyNot } from '../console/browser.ts'
import { DevCommand, freshPlace } from './dev-command.ts'

const shots = process.env.OUTBOX_TEST_SHOTS
/** How long a click may take on a busy machine. */
const clickMs = 60_000

let dev: DevCommand
let context: BrowserContext
/** Two tabs: the console, and the page of the API. */
let page: Page
let api: Page
const troubles: string[] = []

beforeAll(async () => {
  const browser = await startBrowser()
  if (!browser) return
  dev = new DevCommand(await freshPlace(), {}, '--no-cron')
  const [, link] = await dev.prints(/^console +(\S+)$/m, 60_000)
  context = await browser.newContext({ viewport: { width: 1280, height: 720 }, locale: 'en-US' })
  context.setDefaultTimeout(clickMs)
  page = await context.newPage()
  page.on('pageerror', error => troubles.push(error.message))
  await page.goto(link!)
})

const step = (title: string, run: () => Promise<void>) =>
  test(title, async test => {
    if (!dev) return test.skip(whyNot ?? '')
    await run()
  })

async function picture(name: string, of = page): Promise<void> {
  if (!shots) return
  mkdirSync(shots, { recursive: true })
  await of.locator('main, #api').first().waitFor()
  await of.evaluate('Promise.all(document.getAnimations().map(one => one.finished))')
  await of.screenshot({ path: join(shots, `${name}.png`) })
}

const title = (words: RegExp, where: Page | Locator = page) =>
  where.getByRole('heading', { level: 1, name: words }).waitFor()

/** The tab is in front only while one clicks in it: what is behind does not follow. */
async function open(place: string): Promise<void> {
  await page.bringToFront()
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: place }).click()
}

async function ship(order?: number): Promise<void> {
  await api.bringToFront()
  const operation = api.locator('#operations-orders-updateOrder')
  if (order !== undefined) await operation.getByPlaceholder('id', { exact: true }).fill(String(order))
  const answer = api.waitForResponse(response => response.request().method() === 'PATCH')
  await operation.getByRole('button', { name: 'Execute' }).click()
  expect((await answer).status()).toBe(200)
}

async function changeUrl(from: string, to: string): Promise<void> {
  await page.getByRole('link', { name: 'Edit', exact: true }).click()
  const url = page.getByLabel('URL', { exact: true })
  await url.fill((await url.inputValue()).replace(from, to))
  if (to.includes('1000')) await picture('break')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The settings are saved.').waitFor()
}

const rowOf = (receiver: string) => page.locator('.list tbody tr', { hasText: receiver })

step('the link that npm run dev prints signs in, once, and Now says that all is well', async () => {
  await title(/^All 3 active endpoints are being served\. Nothing waits\.$/)
  await picture('signed-in')
  const again = await context.newPage()
  await again.goto((await dev.prints(/^console +(\S+)$/m))[1]!)
  await again.getByText('This link was used').waitFor()
  await again.close()
})

step('an order is shipped with clicks on the page of the API, and its deliveries arrive live', async () => {
  await open('Deliveries')
  await page.getByText('There are no deliveries yet.').waitFor()
  api = await context.newPage()
  await api.goto(
    await page.getByRole('link', { name: 'API' }).evaluate((link: { href: string }) => link.href),
  )
  await api.locator('#operations-orders-updateOrder .opblock-summary-control').click()
  await ship()
  await api.locator('#operations-orders-updateOrder').evaluate('one => one.scrollIntoView()')
  await picture('ship', api)
  await page.bringToFront()
  for (const receiver of ['billing', 'notifications']) await rowOf(receiver).getByText('Delivered').waitFor()
  await rowOf('flaky').getByText('Will retry').waitFor()
  await picture('arrived')
})

step('a receiver is broken: Now says whose fault it is, and its delivery why, in one sentence', async () => {
  await open('Endpoints')
  await page.getByRole('link', { name: /flaky/ }).click()
  await changeUrl('times=2', 'times=1000')
  for (const order of [18, 19, 20, 21, 22, 23]) await ship(order)
  await open('Now')
  await title(/^1 endpoint fails\. \d+ deliver(y waits|ies wait)/)
  await page.getByText('It is the receivers, not Outbox:').waitFor()
  await rowOf('flaky').getByText('Breaker open').waitFor()
  await picture('now')
  await rowOf('flaky').getByRole('link').first().click()
  await page.getByText(/attempts in a row failed since/).waitFor()
  await picture('endpoint')
  await rowOf('503').getByRole('link').first().click()
  await title(/^The circuit breaker is open after \d+ failures/)
  await page
    .getByText('This receiver was asked to fail 1000 times')
    .filter({ visible: true })
    .first()
    .waitFor()
  await picture('delivery')
})

step('it is mended, and what it got while it was broken is sent again', async () => {
  await page.locator('.props').getByRole('link', { name: /flaky/ }).click()
  await changeUrl('times=1000', 'times=0')
  await page.getByRole('link', { name: 'All deliveries to this endpoint' }).click()
  await page.getByRole('link', { name: 'Redeliver all that match…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('radio', { name: /All of them/ }).check()
  await dialog.getByRole('button', { name: 'Preview' }).click()
  await title(/^7 deliveries will be sent again$/, dialog)
  await picture('redeliver')
  await dialog.getByRole('button', { name: 'Send 7 again' }).click()
  await title(/^(All 7|Done: \d of 7) were sent again$/)
  await picture('sent')
  await open('Now')
  await title(/^All 3 active endpoints are being served\. Nothing waits\.$/)
  expect(troubles).toEqual([])
})
