// What every transport must do, whatever the receiver does. Runs for the listener's transport and for that of the edge.
import { beforeAll, describe, expect, test } from 'vitest'
import type { FailureKind } from '../../delivery/failures.ts'
import { classify } from '../../delivery/outcome.ts'
import { type Response, SendError } from '../../delivery/send.ts'
import { createAuthority } from './certificates.ts'
import { eventually } from './eventually.ts'
import { hostile } from './hostile.ts'
import { plantedUrls } from './planted-urls.ts'
import { ok, type RawRespond, startRawReceiver } from './raw-receiver.ts'
import { startReceiver } from './receiver.ts'
import type { SendOptions } from './workers/calls.ts'

/** Sends `{"a":1}`; by default to loopback, with plenty of time. */
export type SendTo = (
  url: string,
  options?: Partial<SendOptions> & { headers?: Record<string, string> },
) => Promise<Seen>
export type Seen = Response | { error: FailureKind }

export interface Sender {
  sendTo: SendTo
  /** Sends `count` requests one after the other with one transport, so that it can keep its connections. */
  inTurn: (url: string, count: number) => Promise<Seen[]>
}

export const defaultOptions: SendOptions = {
  allowHttp: true,
  privateNetworks: ['127.0.0.0/8', '::1/128'],
  timeoutSeconds: 10,
}
/** Seconds; enough to see that something waits. */
const short = 0.3

export function describeSending(transport: string, start: () => Promise<Sender>) {
  describe(`${transport}: every transport`, () => {
    let sendTo: SendTo
    beforeAll(async () => {
      sendTo = (await start()).sendTo
    })

    const toHostile = async (path: string, timeoutSeconds = 10) => {
      const receiver = await startReceiver(hostile)
      return { receiver, seen: await sendTo(`${receiver.url}${path}`, { timeoutSeconds }) }
    }
    const toRaw = async (respond: RawRespond, timeoutSeconds = 10) => {
      const receiver = await startRawReceiver(respond)
      return { receiver, seen: await sendTo(`http://127.0.0.1:${receiver.port}/`, { timeoutSeconds }) }
    }

    describe('sends', () => {
      test('one POST with the exact bytes and headers, and asks for no compression', async () => {
        const receiver = await startReceiver()
        const url = `${receiver.url}/hooks/a%2Fb?x=1&y=%20#fragment`
        const seen = await sendTo(url, {
          headers: { 'content-type': 'application/json', 'webhook-id': 'evt_1' },
        })
        expect(seen).toMatchObject({ status: 200 })
        expect(receiver.requests).toHaveLength(1)
        expect(receiver.requests[0]).toMatchObject({
          method: 'POST',
          path: '/hooks/a%2Fb?x=1&y=%20',
          body: Buffer.from('{"a":1}'),
          headers: {
            'content-type': 'application/json',
            'webhook-id': 'evt_1',
            'content-length': '7',
            'accept-encoding': 'identity',
          },
        })
      })

      test.each([200, 201, 202, 204, 206, 299, 400, 404, 410, 429, 500, 503])(
        'once, when the answer is %i',
        async status => {
          const { seen, receiver } = await toHostile(`/status/${status}`)
          expect(seen).toMatchObject({ status })
          expect(receiver.requests).toHaveLength(1)
        },
      )
    })

    describe('a redirect is an answer', () => {
      test.each([300, 301, 302, 303, 304, 307, 308])(
        '%i, and its target is never contacted',
        async status => {
          const target = await startReceiver()
          const { seen } = await toHostile(`/redirect/${status}?to=${encodeURIComponent(target.url)}`)
          expect(seen).toMatchObject({ status })
          expect(target.requests).toHaveLength(0)
        },
      )

      test('also without a target', async () => {
        expect((await toHostile('/status/302')).seen).toMatchObject({ status: 302 })
      })
    })

    describe('a status that does not exist is a failure', () => {
      test.each(['000', '099', '600', '999', '20', 'abc'])('%s', async status => {
        expect(outcomeOf((await toHostile(`/raw-status/${status}`, short)).seen).kind).toBe('failed')
      })

      test('101, because no other protocol was asked for', async () => {
        const { seen } = await toRaw(socket => {
          socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
        }, short)
        expect(outcomeOf(seen).kind).toBe('failed')
      })

      test('a body without a status line, as in HTTP 0.9', async () => {
        expect(outcomeOf((await toRaw(socket => socket.end('200 OK, really\n'))).seen).kind).toBe('failed')
      })
    })

    describe('what takes too long', () => {
      test.each(['/hang', '/drip-headers'])(
        '%s ends at the deadline, and so does its connection',
        async path => {
          const receiver = await startReceiver((received, response, request) => {
            request.socket.once('close', () => closed++)
            return hostile(received, response, request)
          })
          let closed = 0
          const started = performance.now()
          expect(await sendTo(`${receiver.url}${path}`, { timeoutSeconds: short })).toEqual({
            error: 'timeout',
          })
          expect(performance.now() - started).toBeGreaterThan(short * 1000 - 20)
          expect(performance.now() - started).toBeLessThan(short * 1000 + 2000)
          await eventually(() => closed === 1)
        },
      )

      test('an answer that comes after the deadline does not count', async () => {
        expect((await toHostile('/slow/1500', short)).seen).toEqual({ error: 'timeout' })
      })

      test('a body that drips ends at the deadline, and its status counts', async () => {
        const { seen } = await toHostile('/drip-body', short)
        expect(seen).toMatchObject({ status: 200 })
        expect(textOf(seen)).toMatch(/^x*$/)
      })

      test('a TLS handshake that never ends fails at the deadline', async () => {
        const silent = await startRawReceiver(() => {})
        const seen = await sendTo(`https://127.0.0.1:${silent.port}/`, { timeoutSeconds: short })
        expect(seen).toEqual({ error: 'timeout' })
      })
    })

    describe('what is too much', () => {
      test('64 KiB of an endless body are read, then the connection is closed', async () => {
        const receiver = await startReceiver((received, response, request) => {
          request.socket.once('close', () => {
            written = request.socket.bytesWritten
          })
          return hostile(received, response, request)
        })
        let written = 0
        const seen = await sendTo(`${receiver.url}/flood`)
        expect(seen).toMatchObject({ status: 200 })
        expect(textOf(seen)).toBe('A'.repeat(65_536))
        // The buffers of the operating system are filled, and no more is sent.
        expect(await eventually(() => written)).toBeLessThan(32 << 20)
      })

      test('a compressed body is not unpacked beyond 64 KiB', async () => {
        const { seen } = await toHostile('/gzip-bomb')
        expect(seen).toMatchObject({ status: 200 })
        expect('body' in seen && seen.body.length).toBe(65_536)
      })

      test('15,000 bytes of headers are accepted', async () => {
        expect((await toHostile('/huge-header/15000')).seen).toMatchObject({ status: 200 })
      })

      test.each(['/huge-header/2000000', '/many-headers/200000'])('%s is a failure', async path => {
        expect(outcomeOf((await toHostile(path)).seen).kind).toBe('failed')
      })

      test('a thousand informational answers before the final one are skipped', async () => {
        expect((await toHostile('/early-hints')).seen).toMatchObject({ status: 200 })
      })
    })

    describe('what breaks', () => {
      test('before a status fails as connection, and nothing is sent twice', async () => {
        const { seen, receiver } = await toHostile('/reset')
        expect(seen).toEqual({ error: 'connection' })
        expect(receiver.requests).toHaveLength(1)
      })

      test('after a status: the status counts, and the body is kept as far as it came', async () => {
        const { seen, receiver } = await toHostile('/reset-in-body')
        expect(seen).toMatchObject({ status: 200 })
        expect('abc').toContain(textOf(seen))
        expect(receiver.requests).toHaveLength(1)
      })

      test('because no server listens fails as connection', async () => {
        const receiver = await startReceiver()
        await receiver.stop()
        expect(await sendTo(receiver.url)).toEqual({ error: 'connection' })
      })

      test('because the certificate is self-signed fails before the request', async () => {
        const tls = createAuthority('self-signed')
        const receiver = await startRawReceiver(socket => socket.end(ok()), { tls })
        const seen = await sendTo(`https://127.0.0.1:${receiver.port}/`)
        expect(['tls', 'connection']).toContain('error' in seen && seen.error)
        expect(receiver.requests).toHaveLength(0)
      })
    })

    describe('what cannot be understood is a failure', () => {
      test.each(['/two-lengths', '/garbage'])('%s', async path => {
        expect(outcomeOf((await toHostile(path)).seen).kind).toBe('failed')
      })
    })

    test('a binary body comes back unchanged, and its text can be stored', async () => {
      const { seen } = await toHostile('/binary')
      expect('body' in seen && [...seen.body]).toEqual([0x61, 0, 0xff, 0xfe, 0x62])
      expect(outcomeOf(seen)).toMatchObject({ body: 'a\ufffd\ufffdb' })
    })

    test('Retry-After is handed on, and is ignored if it is given twice', async () => {
      expect((await toHostile('/retry-after/120')).seen).toMatchObject({ status: 429, retryAfter: '120' })
      expect((await toHostile('/status/429')).seen).toMatchObject({ retryAfter: null })
      const anHourLate = Date.now() - 3_600_000
      const [date, retryAfter] = [anHourLate, anHourLate + 60_000].map(ms => new Date(ms).toUTCString())
      const answer = await toRaw(socket => {
        socket.end(
          `HTTP/1.1 429 No\r\ndate: ${date}\r\nretry-after: ${retryAfter}\r\ncontent-length: 0\r\n\r\n`,
        )
      })
      expect(outcomeOf(answer.seen)).toMatchObject({ retryAfterSeconds: 60 })
      const { seen } = await toRaw(socket => {
        socket.end('HTTP/1.1 429 No\r\nretry-after: 1\r\nretry-after: 2\r\ncontent-length: 0\r\n\r\n')
      })
      expect(outcomeOf(seen)).toMatchObject({ error: 'throttled', retryAfterSeconds: null })
    })

    describe('unless a setting allows it, loopback cannot be reached', () => {
      const spellings = [
        '127.0.0.1',
        '127.1',
        '2130706433',
        '0x7f000001',
        '0',
        '[::ffff:127.0.0.1]',
        'localhost',
        'localhost.',
      ]

      test.each(spellings)('as %s', async host => {
        const receiver = await startRawReceiver(socket => socket.end(ok()))
        const seen = await sendTo(`http://${host}:${receiver.port}/`, { privateNetworks: [] })
        expect(seen).toEqual({ error: 'blocked_address' })
        expect(receiver.connections).toHaveLength(0)
      })

      test('but it is reached if a setting allows it: so the test above would notice', async () => {
        const receiver = await startRawReceiver(socket => socket.end(ok()))
        expect(await sendTo(`http://2130706433:${receiver.port}/`)).toMatchObject({ status: 200 })
        expect(receiver.connections).toHaveLength(1)
      })

      test.each(['http://169.254.169.254/', 'http://[fd00:ec2::254]/', 'http://metadata.google.internal/'])(
        'nor can %s, even if a setting allows nearly everything',
        async url => {
          const seen = await sendTo(url, { privateNetworks: ['128.0.0.0/1', '8000::/1'] })
          expect(seen).toEqual({ error: 'blocked_address' })
        },
      )
    })

    test.each(plantedUrls)('nothing is sent to %j, even if it is in the database: %s', async (url, error) => {
      expect(await sendTo(url)).toEqual({ error })
    })

    test('nothing is sent in plain text where that is not allowed', async () => {
      const receiver = await startReceiver()
      expect(await sendTo(receiver.url, { allowHttp: false })).toEqual({ error: 'invalid_endpoint' })
      expect(receiver.requests).toHaveLength(0)
    })
  })
}

export function outcomeOf(seen: Seen) {
  return classify('error' in seen ? new SendError(seen.error) : seen, Date.now())
}

export function textOf(seen: Seen): string {
  return 'error' in seen ? seen.error : new TextDecoder().decode(seen.body)
}
