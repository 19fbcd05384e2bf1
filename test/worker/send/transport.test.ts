// The listener's transport: what every transport must do, and what this one adds: connections, TLS and exact reasons.
import type { Socket } from 'node:net'
import { getCACertificates, setDefaultCACertificates, type TlsOptions } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { parseCidr } from '../../../delivery/address.ts'
import { SendError } from '../../../delivery/send.ts'
import type { Resolve } from '../../../worker/send/resolve.ts'
import { createTransport } from '../../../worker/send/transport.ts'
import { startBlackHole } from '../../support/black-hole.ts'
import { createAuthority } from '../../support/certificates.ts'
import { atEnd } from '../../support/cleanup.ts'
import { eventually } from '../../support/eventually.ts'
import { collectGarbage } from '../../support/garbage.ts'
import { hostile } from '../../support/hostile.ts'
import { interims, writeInParts } from '../../support/interims.ts'
import { ok, type RawRespond, startRawReceiver } from '../../support/raw-receiver.ts'
import { startReceiver } from '../../support/receiver.ts'
import {
  defaultOptions,
  describeSending,
  outcomeOf,
  type Seen,
  type Sender,
  type SendTo,
  textOf,
} from '../../support/sending.ts'
import { describeInterimResponses } from '../../support/sending-interim.ts'
import { flat, sent } from '../../support/sent.ts'

/** Seconds; enough to see that something waits. */
const short = 0.3

function newTransport({ allowHttp, privateNetworks } = defaultOptions, resolve?: Resolve) {
  const networks = privateNetworks.map(text => parseCidr(text)!)
  const transport = createTransport({ allowHttp, privateNetworks: networks }, resolve)
  atEnd(transport.close)
  return transport
}

const webhookBody = Uint8Array.from(Buffer.from('{"a":1}'))

/** One transport, so that connections are kept from one request to the next. */
function sender(transport = newTransport()): SendTo {
  return async (url, { headers = {}, timeoutSeconds = defaultOptions.timeoutSeconds } = {}) => {
    const request = { url, headers: flat(headers), body: webhookBody }
    return sent(transport.send, request, timeoutSeconds).catch(({ kind }) => ({ error: kind }))
  }
}

const start = async (): Promise<Sender> => ({
  sendTo: (url, options = {}) => sender(newTransport({ ...defaultOptions, ...options }))(url, options),
  async inTurn(url, count) {
    const sendTo = sender()
    const seen: Seen[] = []
    while (seen.length < count) seen.push(await sendTo(url))
    return seen
  },
})

describeSending('undici', start)
describeInterimResponses('undici', start, 'bad_response')

describe('connections', () => {
  const toRaw = async (respond: RawRespond) => {
    const receiver = await startRawReceiver(respond)
    const sendTo = sender()
    return { receiver, sendTo: () => sendTo(`http://127.0.0.1:${receiver.port}/`) }
  }

  test('are kept for the next request, and each has one request at a time', async () => {
    const waiting: (() => void)[] = []
    const { receiver, sendTo } = await toRaw(socket => {
      waiting.push(() => socket.write(ok()))
      if (waiting.length % 3 === 0) for (const answer of waiting.splice(0)) answer()
    })
    for (let round = 0; round < 2; round++) {
      const seen = await Promise.all([sendTo(), sendTo(), sendTo()])
      expect(seen).toMatchObject([{ status: 200 }, { status: 200 }, { status: 200 }])
    }
    expect(receiver.requests).toHaveLength(6)
    expect(receiver.connections).toHaveLength(3)
  })

  test('that the receiver closes instead of answering fail, and no request is repeated silently', async () => {
    const { receiver, sendTo } = await toRaw((socket, nth) => {
      if (nth === 1) socket.write(ok())
      else socket.destroy()
    })
    expect(await sendTo()).toMatchObject({ status: 200 })
    expect(await sendTo()).toEqual({ error: 'connection' })
    expect(receiver.requests).toHaveLength(2)
    expect(receiver.connections).toHaveLength(1)
  })

  test('that the receiver closes right after its answer cost no request, and none is sent twice', async () => {
    const { receiver, sendTo } = await toRaw(socket => socket.end(ok()))
    for (let sent = 1; sent <= 50; sent++) {
      const seen = await sendTo()
      expect(['ok', 'connection']).toContain(textOf(seen))
      expect(receiver.requests.length).toBeLessThanOrEqual(sent)
    }
    expect(receiver.requests.length).toBeGreaterThan(25)
  })

  test('that brought more than one answer are not used again, so answers cannot be mixed up', async () => {
    const { receiver, sendTo } = await toRaw((socket, nth) => {
      socket.write(ok(`answer ${nth}`) + ok('planted'))
    })
    for (let i = 0; i < 5; i++) expect(textOf(await sendTo())).toBe('answer 1')
    expect(receiver.connections).toHaveLength(5)
  })

  test('whose answer has two ends are not used again', async () => {
    const chunkedOrNot = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'
    const { receiver, sendTo } = await toRaw(socket => socket.write(chunkedOrNot + ok('planted')))
    for (let i = 0; i < 3; i++) expect(textOf(await sendTo())).not.toBe('planted')
    expect(receiver.connections).toHaveLength(3)
  })

  test('are closed once enough of a body has been read', async () => {
    const { receiver, sendTo } = await toRaw(socket => {
      socket.write(`HTTP/1.1 500 No\r\ncontent-length: 1000000\r\n\r\n${'x'.repeat(500_000)}`)
    })
    expect(await sendTo()).toMatchObject({ status: 500 })
    await eventually(() => receiver.connections.every(socket => socket.destroyed))
  })

  test('end when the transport is closed, and no new ones are opened', async () => {
    const receiver = await startReceiver(() => {})
    const transport = newTransport()
    const sendTo = sender(transport)
    const underWay = sendTo(receiver.url)
    await receiver.waitFor(1)
    await transport.close()
    expect(await underWay).toEqual({ error: 'interrupted' })
    expect(await sendTo(receiver.url)).toEqual({ error: 'interrupted' })
    expect(receiver.requests).toHaveLength(1)
  })
})

describe('a request whose time is over', () => {
  const requestTo = (url: string, body = webhookBody) => ({ url, headers: [], body })

  test('gets no answer any more, and its connection is not used again', async () => {
    const unanswered: Socket[] = []
    const receiver = await startRawReceiver(socket => {
      if (unanswered.length === 0) unanswered.push(socket)
      else socket.write(ok('answer to the second'))
    })
    const sendTo = sender()
    const url = `http://127.0.0.1:${receiver.port}/`
    expect(await sendTo(url, { timeoutSeconds: short })).toEqual({ error: 'timeout' })
    unanswered[0]!.write(ok('late answer to the first'))
    expect(textOf(await sendTo(url))).toBe('answer to the second')
    expect(receiver.connections).toHaveLength(2)
    await eventually(() => unanswered[0]!.destroyed)
  })

  test('before the connection is made: nothing is sent once it could be', async () => {
    const receiver = await startRawReceiver(socket => socket.write(ok()))
    const resolved = Promise.withResolvers<string[]>()
    const transport = newTransport(defaultOptions, () => resolved.promise)
    const url = `http://receiver.test:${receiver.port}/`
    await expect(sent(transport.send, requestTo(url), short)).rejects.toEqual(new SendError('timeout'))
    resolved.resolve(['127.0.0.1'])
    const later = { ...requestTo(url), headers: ['webhook-id', 'later'] }
    expect(await sent(transport.send, later, 10)).toMatchObject({ status: 200 })
    await eventually(() => receiver.connections.filter(socket => !socket.destroyed).length === 1)
    expect(receiver.requests).toEqual([expect.stringContaining('webhook-id: later')])
  })

  test('ends when its own limit says so, whatever limits others have', async () => {
    const receiver = await startReceiver(() => {})
    const { send } = newTransport()
    const ended: number[] = []
    const limits = [1.2, 0.3, 0.9, 0.6]
    await Promise.all(
      limits.map(seconds =>
        sent(send, requestTo(receiver.url), seconds).catch(({ kind }) => {
          expect(kind).toBe('timeout')
          ended.push(seconds)
        }),
      ),
    )
    expect(ended).toEqual(limits.toSorted())
  })

  test('while one hangs, nothing of those that ended after it stays in memory', async () => {
    const receiver = await startRawReceiver(socket => {
      if (receiver.requests.length > 1) socket.write(ok())
    })
    const transport = newTransport()
    const url = `http://127.0.0.1:${receiver.port}/`
    const hangs = sent(transport.send, requestTo(url), 60).catch(error => error)
    await eventually(() => receiver.requests.length === 1)
    const bodies: WeakRef<object>[] = []
    for (let i = 0; i < 50; i++) {
      const body = new Uint8Array(1000)
      bodies.push(new WeakRef(body))
      expect(await sent(transport.send, requestTo(url, body), 60)).toMatchObject({ status: 200 })
    }
    await eventually(() => {
      collectGarbage()
      // The last connection still knows its last request.
      return bodies.filter(body => body.deref() !== undefined).length <= 1
    })
    await transport.close()
    expect(await hangs).toEqual(new SendError('interrupted'))
  })
})

describe('TLS', () => {
  const authority = createAuthority()
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, authority.cert])
  atEnd(() => setDefaultCACertificates(before))

  const toTls = async (tls: TlsOptions, host = '127.0.0.1') => {
    const receiver = await startRawReceiver(socket => socket.end(ok()), { tls })
    return { receiver, seen: await sender()(`https://${host}:${receiver.port}/`) }
  }
  const valid = authority.issue({ names: ['localhost'], addresses: ['127.0.0.1'] })

  test.each(['127.0.0.1', 'localhost', 'LOCALHOST.'])(
    'a valid certificate for %s is accepted',
    async host => {
      expect((await toTls(valid, host)).seen).toMatchObject({ status: 200 })
    },
  )

  test.each<[string, TlsOptions]>([
    ['expired', authority.issue({ addresses: ['127.0.0.1'], notAfter: new Date(Date.now() - 1000) })],
    ['for another name', authority.issue({ names: ['example.com'], addresses: ['127.0.0.2'] })],
    ['without a name', authority.issue()],
    ['of an unknown authority', createAuthority('unknown').issue({ addresses: ['127.0.0.1'] })],
    ['self-signed', createAuthority('self-signed')],
    [
      'fine, but the protocol is too old',
      { ...valid, maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' },
    ],
  ])('a certificate that is %s is refused, and no request is sent', async (_, tls) => {
    const { seen, receiver } = await toTls(tls)
    expect(seen).toEqual({ error: 'tls' })
    expect(receiver.requests).toHaveLength(0)
  })

  test('interim responses over TLS are not the answer either', async () => {
    const interim = interims.several!.join('')
    const receiver = await startRawReceiver(socket => writeInParts(socket, [interim, ok()]), { tls: valid })
    const sendTo = sender()
    const url = `https://127.0.0.1:${receiver.port}/`
    expect([textOf(await sendTo(url)), textOf(await sendTo(url))]).toEqual(['ok', 'ok'])
    expect(receiver.requests).toHaveLength(2)
    expect(receiver.connections).toHaveLength(1)
  })

  test.each<[string, (socket: Socket) => unknown]>([
    ['speaks no TLS', socket => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['hangs up during the handshake', socket => socket.once('data', () => socket.destroy())],
    ['closes the connection at once', socket => socket.end()],
  ])('a receiver that %s makes the attempt fail as tls', async (_, onConnect) => {
    const receiver = await startRawReceiver(() => {}, { onConnect })
    expect(await sender()(`https://127.0.0.1:${receiver.port}/`)).toEqual({ error: 'tls' })
  })
})

describe('a receiver', () => {
  test.runIf(process.platform === 'linux')(
    'that accepts no connection makes the attempt fail at the deadline, or after ten seconds',
    async () => {
      const url = `http://127.0.0.1:${await startBlackHole()}/`
      const timed = async (timeoutSeconds: number) => {
        const started = performance.now()
        expect(await sender()(url, { timeoutSeconds })).toEqual({ error: 'timeout' })
        return (performance.now() - started) / 1000
      }
      const [short, long] = await Promise.all([timed(0.3), timed(60)])
      expect(short).toBeLessThan(5)
      expect(long).toBeGreaterThan(9)
      expect(long).toBeLessThan(18)
    },
  )

  test('that does not read the request makes the attempt fail at the deadline', async () => {
    const receiver = await startRawReceiver(() => {}, { onConnect: socket => socket.pause() })
    const request = { url: `http://127.0.0.1:${receiver.port}/`, headers: [], body: new Uint8Array(32 << 20) }
    await expect(sent(newTransport().send, request, 0.3)).rejects.toEqual(new SendError('timeout'))
    expect(receiver.requests).toHaveLength(0)
  })
})

describe('reasons', () => {
  test.each(['/two-lengths', '/garbage', '/huge-header/100000', '/many-headers/5000', '/raw-status/abc'])(
    '%s fails as bad_response',
    async path => {
      const receiver = await startReceiver(hostile)
      expect(await sender()(`${receiver.url}${path}`)).toEqual({ error: 'bad_response' })
    },
  )

  test.each(['a\r\nb', 'a\0b', '😀'])(
    'a header that cannot be sent (%j) fails as invalid_endpoint',
    async value => {
      const receiver = await startReceiver()
      expect(await sender()(receiver.url, { headers: { 'x-custom': value } })).toEqual({
        error: 'invalid_endpoint',
      })
      expect(receiver.requests).toHaveLength(0)
    },
  )

  test('an end that is not a timeout fails as interrupted', async () => {
    const receiver = await startReceiver(() => {})
    const transport = newTransport()
    const request = { url: receiver.url, headers: [], body: new Uint8Array() }
    const underWay = sent(transport.send, request, 10).catch(error => error)
    await receiver.waitFor(1)
    await transport.close()
    expect(await underWay).toEqual(new SendError('interrupted'))
  })

  test('nothing is sent if the transport is closed before', async () => {
    const receiver = await startReceiver()
    const transport = newTransport()
    const request = { url: receiver.url, headers: [], body: new Uint8Array() }
    await transport.close()
    await expect(sent(transport.send, request, 10)).rejects.toEqual(new SendError('interrupted'))
    expect(outcomeOf(await sender()(receiver.url)).kind).toBe('delivered')
    expect(receiver.requests).toHaveLength(1)
  })
})
