// The console is readable for everybody: each page, each form and what they answer keep the rules of accessibility (WCAG 2.2 A and
// AA), in both colour schemes, on a desk and on a phone.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { beforeAll, expect } from 'vitest'
import { breachesIn, inBrowser, openWindow, schemes, sidewaysPixels, startBrowser } from './browser.ts'
import { type Console, fill, hold, type Scene, startConsole } from './console.ts'
import { refused, secretsOf, submit } from './every-form.ts'
import { empty, full } from './every-page.ts'

/** OUTBOX_TEST_SHOTS: a folder for a picture of each page. */
const shots = process.env.OUTBOX_TEST_SHOTS

let it: Console
let bare: Console
/** In production, where each number is typed, and a copy, from which nothing is sent. */
let careful: Console
/** Without its tables. */
let broken: Console
let scene: Scene
let carefulScene: Scene
let cookie: string
let bareCookie: string
let carefulCookie: string
let brokenCookie: string
beforeAll(async () => {
  if (!(await startBrowser())) return
  ;[it, bare, careful, broken] = await Promise.all([
    startConsole(),
    startConsole(),
    startConsole({ OUTBOX_ENVIRONMENT: 'production' }),
    startConsole(),
  ])
  scene = await fill(it)
  carefulScene = await fill(careful)
  await hold(careful.db)
  carefulCookie = (await careful.signIn()).cookie
  brokenCookie = (await broken.signIn()).cookie
  await broken.db.query('alter schema outbox rename to hidden')
  cookie = (await it.signIn()).cookie
  bareCookie = (await bare.signIn()).cookie
})

/** Each page is looked at in both schemes, and loaded in this one. */
const loaded = [
  [1280, 'light'],
  [390, 'dark'],
] as const

for (const [width, scheme] of loaded) {
  inBrowser(
    `no page breaks a rule of accessibility or scrolls sideways, light or dark, ${width} px wide`,
    async browser => {
      for (const [at, who, pages] of [
        [it, cookie, full(scene)],
        [bare, bareCookie, empty],
      ] as const) {
        const { page, troubles, close } = await openWindow(browser, at.url, who, { width, scheme })
        for (const [name, path] of pages) {
          await page.goto(path)
          await page.evaluate(
            `for (const details of document.querySelectorAll('main details')) details.open = true`,
          )
          await expectReadable(page, name, width)
        }
        expect(troubles.filter(text => !/status of (400|404)/.test(text))).toEqual([])
        await close()
      }
    },
  )

  inBrowser(
    `no step of sending again breaks a rule of accessibility or scrolls sideways, light or dark, ${width} px wide`,
    async browser => {
      const { page, close } = await openWindow(browser, careful.url, carefulCookie, { width, scheme })
      await page.goto('/console/deliveries/redeliver?type=order.shipped')
      await expectReadable(page, 'redeliver', width)
      await page.getByRole('radio', { name: /All of them/ }).check()
      await page.getByRole('button', { name: 'Preview' }).click()
      await page.getByRole('heading', { name: /will be sent again/ }).waitFor()
      await expectReadable(page, 'preview', width)
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.getByRole('heading', { name: /^Send \d+ deliveries again/ }).waitFor()
      await expectReadable(page, 'confirm', width)
      await page.getByLabel(/^Type \d+ to confirm/).fill('9')
      await page.getByRole('button', { name: /^Send \d+ again/ }).click()
      await page.getByText('nothing was sent').waitFor()
      await expectReadable(page, 'confirm-wrong', width)
      const label = (await page.locator('label', { hasText: 'to confirm' }).textContent())!
      await page.getByLabel(/^Type \d+ to confirm/).fill(/\d+/.exec(label)![0])
      await page.getByRole('button', { name: /^Send \d+ again/ }).click()
      await page.waitForURL('**/console/replays/rpl_*')
      await expectReadable(page, 'progress', width)
      await submit(
        page,
        `/console/endpoints/${carefulScene.failing}/replay`,
        [['Since (UTC)', '2026-01-01']],
        'Preview',
      )
      await page.getByRole('heading', { name: /will be sent again/ }).waitFor()
      await expectReadable(page, 'replay-preview', width)
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.getByRole('heading', { name: /^Send \d+ deliver/ }).waitFor()
      await expectReadable(page, 'replay-confirm', width)
      await page.goto(`/console/events/${carefulScene.event}/send`)
      await page.getByRole('radio').first().check()
      await page.getByRole('button', { name: 'Preview' }).click()
      await page.getByRole('heading', { name: /will be sent again/ }).waitFor()
      await expectReadable(page, 'send-again-preview', width)
      await close()
    },
  )

  inBrowser(
    `neither a copy of a database nor what is shown on request breaks a rule of accessibility, light or dark, ${width} px wide`,
    async browser => {
      const { page, close } = await openWindow(browser, careful.url, carefulCookie, { width, scheme })
      for (const [name, path] of [
        ['held-now', '/console'],
        ['held-system', '/console/system'],
        ['adopt', '/console/system/adopt'],
      ] as const) {
        await page.goto(path)
        await expectReadable(page, name, width)
      }
      await page.getByRole('radio').first().check()
      await page.getByRole('textbox').last().fill('neither')
      await page.getByRole('button', { name: /^Adopt/ }).click()
      await page.getByText('nothing was changed').waitFor()
      await expectReadable(page, 'adopt-wrong', width)
      for (const path of [`events/${carefulScene.event}`, `deliveries/${carefulScene.retried}`]) {
        await page.goto(`/console/${path}`)
        await page.getByRole('button', { name: /^Show/ }).last().click()
        await page
          .getByRole('region', { name: /^Data of the/ })
          .first()
          .waitFor()
        await expectReadable(page, `shown-${path.split('/')[0]}`, width)
      }
      await close()
    },
  )

  inBrowser(
    `no form with an error, and no page that shows a secret, breaks a rule of accessibility, light or dark, ${width} px wide`,
    async browser => {
      const { page, close } = await openWindow(browser, it.url, cookie, { width, scheme })
      for (const { name, path, fields, button, says } of refused(scene)) {
        await submit(page, path, fields, button)
        await page.getByText(says).first().waitFor()
        await expectReadable(page, `wrong-${name}`, width)
      }
      for (const { name, path, fields, button } of secretsOf(scene)) {
        await submit(page, path, fields, button)
        await page.getByText('shown this once').waitFor()
        await expectReadable(page, `secret-${name}`, width)
      }
      await close()
    },
  )

  inBrowser(
    `no sign-in that fails breaks a rule of accessibility, light or dark, ${width} px wide`,
    async browser => {
      const { page, close } = await openWindow(browser, it.url, 'nobody=here', { width, scheme })
      await submit(page, '/console/sign-in', [['API key', 'wrong']], 'Sign in')
      await page.getByText('This key is not known here.').waitFor()
      await expectReadable(page, 'wrong-sign-in', width)
      await page.goto('/console/link?code=used')
      await page.getByText('This link was used, or is over.').waitFor()
      await expectReadable(page, 'wrong-link', width)
      await close()
    },
  )

  inBrowser(
    `no page that could not be read breaks a rule of accessibility, light or dark, ${width} px wide`,
    async browser => {
      const { page, close } = await openWindow(browser, broken.url, brokenCookie, { width, scheme })
      for (const [name, path] of empty) {
        await page.goto(path)
        await expectReadable(page, `unreadable-${name}`, width)
      }
      await close()
    },
  )
}

/** In both colour schemes, one after the other on the same page: it is drawn anew, not loaded. */
async function expectReadable(page: Page, name: string, width: number): Promise<void> {
  for (const scheme of schemes) {
    await page.emulateMedia({ colorScheme: scheme })
    expect(await breachesIn(page), `${name}, ${scheme}`).toEqual([])
    expect(await sidewaysPixels(page), `${name}, ${scheme}`).toBe(0)
    if (!shots) continue
    mkdirSync(shots, { recursive: true })
    await page.screenshot({ path: join(shots, `${name}-${width}-${scheme}.png`), fullPage: true })
  }
}
