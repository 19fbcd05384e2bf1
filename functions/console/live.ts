// Pages that follow what happens. Asked for as an event stream, a page is read again every second, and sent when it has changed:
// the same page for the same reader, who is looked up anew each time. Between two readings nothing is held, no connection of the
// database either; a slow page is read more seldom; and a stream ends by itself after some readings, because platforms count
// them. The browser then asks again, and says what it has seen.
import type { Handler } from 'hono'
import { type SSEStreamingApi, streamSSE } from 'hono/streaming'
import { toHex } from '../../delivery/hex.ts'
import { openDatabase } from '../db.ts'
import { problemFor } from '../http/thrown.ts'
import { readSession } from './session.ts'
import type { ConsoleApp, ConsoleContext } from './view.ts'

type Show = (c: ConsoleContext) => Response | Promise<Response>

const everyMs = 1_000
/** A viewer takes at most a tenth of a connection's time. */
const restFactor = 10
/** With three statements each, and one for a key that was given out: what a Worker may ask of others for one request. */
const maxReadings = 12
/** What only grows older is sent no more often. */
const agesMs = 10_000
const afterTroubleMs = 10_000
const reconnectMs = 250
/** Of one process. Whoever comes later asks for the page from time to time. */
const maxStreams = 32

const open = new Set<AbortController>()

/** For the end of the process: browsers ask again elsewhere. */
export function endStreams(): void {
  for (const stream of open) stream.abort()
}

export const live =
  (show: Show): Handler<ConsoleApp> =>
  c =>
    c.req.header('accept') === 'text/event-stream' ? follow(c, show) : show(c)

function follow(c: ConsoleContext, show: Show): Response {
  if (open.size >= maxStreams) return new Response(null, { status: 204 })
  const ending = new AbortController()
  open.add(ending)
  return streamSSE(c, async stream => {
    stream.onAbort(() => ending.abort())
    try {
      await sendChanges(stream, c, show, ending.signal)
    } catch (error) {
      problemFor(error as Error) // logs it
      await stream.writeSSE({ event: 'stopped', data: '' })
      await pause(afterTroubleMs, ending.signal)
    } finally {
      open.delete(ending)
    }
  })
}

async function sendChanges(
  stream: SSEStreamingApi,
  c: ConsoleContext,
  show: Show,
  ending: AbortSignal,
): Promise<void> {
  let seen = c.req.header('last-event-id')
  let sentAtMs = Date.now()
  for (let n = 0; n < maxReadings && !ending.aborted; n++) {
    const begunAtMs = Date.now()
    const page = await readAgain(c, show)
    if (page === null) return
    const mark = await markOf(page)
    if (mark !== seen || begunAtMs - sentAtMs >= agesMs) {
      await stream.writeSSE({ event: 'page', id: mark, data: page, retry: reconnectMs })
      sentAtMs = begunAtMs
    }
    seen = mark
    await pause(Math.max(everyMs, restFactor * (Date.now() - begunAtMs)), ending)
  }
}

/** From `<main>` to the icons. null: the reader's session is over, or there is nothing any more that they may see. */
async function readAgain(c: ConsoleContext, show: Show): Promise<string | null> {
  const { settings, view } = c.var
  if (!(await readSession(c as never, settings))) return null
  const db = openDatabase(settings)
  c.set('db', db)
  c.set('view', { ...view, now: new Date() })
  try {
    const answer = await show(c)
    const text = await answer.text()
    return answer.ok ? text.slice(text.indexOf('<main'), text.indexOf('<div id="said"')) : null
  } finally {
    await db.close()
  }
}

/** The same for a page on which only times have passed. */
async function markOf(page: string): Promise<string> {
  const main = page.slice(0, page.indexOf('</main>'))
  const timeless = main.replaceAll(/\d[\d.]* (ms|s|min|h|days)\b/g, '').replaceAll(/\bnow\b/g, '')
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(timeless))
  return toHex(new Uint8Array(hash)).slice(0, 16)
}

function pause(ms: number, ending: AbortSignal): Promise<void> {
  if (ending.aborted) return Promise.resolve()
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms)
    ending.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
