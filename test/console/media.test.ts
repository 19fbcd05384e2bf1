// The console on paper, and for those whom moving things make dizzy.
import type { Page } from 'playwright-core'
import { beforeAll, expect } from 'vitest'
import { inBrowser, openWindow, sidewaysPixels, startBrowser } from './browser.ts'
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

/** Between the margins of a sheet of A4. */
const paperPixels = 718

const styleOf = (page: Page, selector: string, property: string): Promise<string> =>
  page.evaluate(`getComputedStyle(document.querySelector('${selector}'))['${property}']`)

inBrowser(
  'a page on paper is black on white, without what one can only click, and its tables stay tables',
  async browser => {
    const { page, close } = await openWindow(browser, it.url, cookie, { width: paperPixels, scheme: 'dark' })
    await page.goto('/console')
    await page.evaluate(`localStorage.theme = 'dark'`)
    await page.emulateMedia({ media: 'print' })
    for (const [name, path] of full(scene)) {
      await page.goto(path)
      expect(await styleOf(page, 'body', 'background-color'), name).toBe('rgb(255, 255, 255)')
      const clicked = page.locator('button:not(.link), .btn:not(.link), .find, nav').filter({ visible: true })
      expect(await clicked.evaluateAll(all => all.map(one => one.outerHTML)), name).toEqual([])
      expect(await sidewaysPixels(page), name).toBe(0)
      if (await page.locator('.list').count())
        expect(await styleOf(page, '.list td', 'display'), name).toBe('table-cell')
    }
    await close()
  },
)

inBrowser('a list on paper says what it is a list of, and when exactly', async browser => {
  const { page, close } = await openWindow(browser, it.url, cookie, { width: paperPixels })
  await page.emulateMedia({ media: 'print' })
  await page.goto('/console/deliveries?state=dead')
  expect(await page.getByText(/^2 dead deliveries/).isVisible()).toBe(true)
  expect(await page.getByRole('link', { name: 'Clear the filter' }).filter({ visible: true }).count()).toBe(0)
  const exact = await page.locator('td time').first().getAttribute('title')
  const written = await page.evaluate(
    `getComputedStyle(document.querySelector('td time'), '::after').content`,
  )
  expect(exact).toMatch(/^\d{4}-\d\d-\d\d .* UTC$/)
  expect(written).toContain(exact)
  await close()
})

/** Elements of which something changes bit by bit. */
const movingOn = (page: Page): Promise<number> =>
  page.evaluate(`[...document.querySelectorAll('*')].filter(element => {
    const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(element)
    return transitionDuration !== '0s' || animationName !== 'none' || scrollBehavior !== 'auto'
  }).length`)

inBrowser('nothing moves for who asked for that', async browser => {
  const { page, close } = await openWindow(browser, it.url, cookie)
  for (const [name, path] of full(scene)) {
    await page.goto(path)
    await page.emulateMedia({ reducedMotion: 'no-preference' })
    expect(await movingOn(page), name).toBeGreaterThan(0) // buttons change their colour
    await page.emulateMedia({ reducedMotion: 'reduce' })
    expect(await movingOn(page), name).toBe(0)
  }
  await close()
})
