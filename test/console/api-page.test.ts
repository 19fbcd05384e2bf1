// The page of the API, drawn in a real browser: it is all there, from here alone, under a policy that lets no script of others run.
import type { Browser } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { breachesIn, openWindow, startBrowser, whyNot } from './browser.ts'
import { type Answered, type Console, startConsole } from './console.ts'

let browser: Browser | null
let it: Console
beforeAll(async () => {
  browser = await startBrowser()
  if (browser) it = await startConsole()
})

const inBrowser = (title: string, run: (browser: Browser) => Promise<void>) =>
  test(title, async context => {
    if (!browser) return context.skip(whyNot ?? '')
    await run(browser)
  })

async function openDocs(browser: Browser, scheme: 'light' | 'dark' = 'light') {
  const asked: string[] = []
  const { page, troubles, close } = await openWindow(browser, it.url, 'nobody=here', { scheme })
  page.on('request', request => asked.push(request.url()))
  await page.goto('/docs')
  await page.locator('.opblock').first().waitFor()
  return { page, troubles, asked, close }
}

const description = async () => (await fetch(`${it.url}/openapi.json`)).json() as Promise<Answered>

inBrowser('every operation and every object of the description is on it', async browser => {
  const { page, close } = await openDocs(browser)
  const { paths, components, webhooks } = await description()
  const shown = await page
    .locator('.opblock-summary-path, .opblock-summary-path__deprecated')
    .allTextContents()
  const bare = shown.map(text => text.replaceAll('\u200b', '').trim())
  for (const path of Object.keys(paths)) expect(bare).toContain(path)
  for (const name of Object.keys(webhooks)) expect(bare).toContain(name)
  await page.getByRole('button', { name: 'Schemas' }).click()
  const text = await page.locator('#api').textContent()
  for (const name of Object.keys(components.schemas)) expect(text).toContain(name)
  await close()
})

inBrowser('under a base path it shows the paths as one calls them', async browser => {
  const { page, close } = await openWindow(browser, it.url, 'nobody=here')
  const mounted = { ...(await description()), servers: [{ url: '/webhooks' }] }
  await page.route('**/openapi.json', route => route.fulfill({ json: mounted }))
  await page.goto('/docs')
  await page.locator('.opblock').first().waitFor()
  const shown = await page.locator('#api').textContent()
  expect(shown!.replaceAll('\u200b', '')).toContain('/webhooks/v1/endpoints')
  await close()
})

inBrowser('nothing comes from elsewhere, and nothing is refused by its own policy', async browser => {
  const { page, asked, troubles, close } = await openDocs(browser)
  await page.locator('.opblock-summary-control').first().click()
  await page.locator('.opblock-body').first().waitFor()
  expect(asked.filter(url => !url.startsWith(`${it.url}/`) && !url.startsWith('data:'))).toEqual([])
  expect(troubles).toEqual([])
  await close()
})

inBrowser('an operation is tried with a key, and shows the request as curl', async browser => {
  const { page, close } = await openDocs(browser)
  await page.locator('.btn.authorize').click()
  await page.locator('.auth-container input').fill('dev')
  await page.locator('.auth-btn-wrapper .authorize').click()
  await page.locator('.auth-btn-wrapper .btn-done').click()
  const operation = page.locator('.opblock', { hasText: '/v1/stats' }).first()
  await operation.locator('.opblock-summary-control').click()
  await operation.locator('.execute').click()
  await operation.locator('.live-responses-table').waitFor()
  expect(
    await operation.locator('.live-responses-table tbody .response-col_status').first().textContent(),
  ).toMatch(/^200/)
  expect(await operation.locator('.request-snippets, .curl-command').first().textContent()).toContain('curl')
  await close()
})

describe.each(['light', 'dark'] as const)('in the %s scheme', scheme => {
  inBrowser('what is around it breaks no rule of accessibility', async browser => {
    const { page, close } = await openDocs(browser, scheme)
    expect(await breachesIn(page, '#api')).toEqual([]) // of that its makers take care
    await close()
  })
})
