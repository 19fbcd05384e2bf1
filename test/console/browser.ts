// A real browser for the tests of the console: Chromium from a package of npm, so that no system needs to have one.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { test } from 'vitest'
import { atEnd } from '../support/cleanup.ts'

/** Where the package's Chromium does not run, a Chrome that is installed may do. */
const fallback = process.env.CHROME_PATH

/** Why there is no browser; null = there is one. */
export let whyNot: string | null = null

/** Once it is started. */
let running: Browser | null = null

export async function startBrowser(): Promise<Browser | null> {
  try {
    const { default: packaged } = await import('@sparticuz/chromium')
    running = await chromium.launch({
      executablePath: fallback ?? (await packaged.executablePath()),
      args: [
        '--no-sandbox',
        '--no-zygote',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--force-color-profile=srgb',
      ],
    })
    atEnd(async () => running?.close())
    return running
  } catch (error) {
    whyNot = `Chromium does not run here: ${(error as Error).message.split('\n')[0]}`
    return null
  }
}

/** Skipped where there is no browser, with the reason. */
export const inBrowser = (title: string, run: (browser: Browser) => Promise<void>, timeoutMs = 180_000) =>
  test(
    title,
    async context => {
      if (!running) return context.skip(whyNot ?? '')
      await run(running)
    },
    timeoutMs,
  )

export const schemes = ['light', 'dark'] as const
export type Scheme = (typeof schemes)[number]

export interface Look {
  readonly width?: number
  readonly scheme?: Scheme
  readonly script?: boolean
}

/** A window with the cookie of somebody who is signed in. What goes wrong in a page fails the test that asks. */
export async function openWindow(
  browser: Browser,
  url: string,
  cookie: string,
  { width = 1280, scheme = 'light', script = true }: Look = {},
) {
  const context: BrowserContext = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme: scheme,
    reducedMotion: 'reduce', // colours that are still changing have a contrast of their own
    javaScriptEnabled: script,
    locale: 'en-US', // uPlot throws on the locale of a machine without one
    baseURL: url,
  })
  const [name, value] = cookie.split('=') as [string, string]
  await context.addCookies([{ name, value, url: `${url}/console` }])
  const page = await context.newPage()
  const troubles: string[] = []
  page.on('pageerror', error => troubles.push(error.message))
  page.on('console', message => {
    if (message.type() === 'error') troubles.push(message.text())
  })
  return { page, troubles, close: () => context.close() }
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Breaches of WCAG 2.0 to 2.2, A and AA, and of best practice: rule, and where. `exclude`: a part that is not looked at. */
export async function breachesIn(page: Page, exclude = 'nothing-at-all'): Promise<string[]> {
  // Not as a script of the page: its policy would refuse that.
  if (!(await page.evaluate('"axe" in globalThis'))) await page.evaluate(axeSource)
  return page.evaluate(`(async () => {
    const runOnly = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    // What passes is not described: that would take longer than all rules.
    const options = { runOnly, resultTypes: ['violations'] }
    const { violations } = await axe.run({ exclude: [${JSON.stringify(exclude)}] }, options)
    return violations.map(({ id, nodes }) => id + ': ' + nodes.map(node => node.target.join(' ')).join(', '))
  })()`)
}

/** By how much the page is wider than the window. */
export const sidewaysPixels = (page: Page): Promise<number> =>
  page.evaluate('Math.max(0, document.documentElement.scrollWidth - innerWidth)')
