// What every transport must do with interim responses (1xx; RFC 9110, section 15.2): the final response decides.
import { beforeAll, describe, expect, test } from 'vitest'
import type { FailureKind } from '../../delivery/failures.ts'
import { interims, writeInParts } from './interims.ts'
import { ok, type RawRespond, startRawReceiver } from './raw-receiver.ts'
import { outcomeOf, type Sender, textOf } from './sending.ts'

/** Long enough to see that the transport waits, in seconds. */
const short = 0.3

/** `endless`: what interim responses without end come to. */
export function describeInterimResponses(
  transport: string,
  start: () => Promise<Sender>,
  endless: FailureKind,
) {
  let sender: Sender
  beforeAll(async () => {
    sender = await start()
  })

  /** Two requests, one after the other. */
  const twice = async (respond: RawRespond) => {
    const receiver = await startRawReceiver(respond)
    return { receiver, seen: await sender.inTurn(`http://127.0.0.1:${receiver.port}/`, 2) }
  }
  const once = async (respond: RawRespond, timeoutSeconds = 10) => {
    const receiver = await startRawReceiver(respond)
    return { receiver, seen: await sender.sendTo(`http://127.0.0.1:${receiver.port}/`, { timeoutSeconds }) }
  }

  describe(`${transport}: interim responses`, () => {
    describe.each(Object.entries(interims))('%s', (_, heads) => {
      test.each([
        ['in one packet with the answer', [heads.join('')]],
        ['in packets of their own', heads],
      ])('sent %s: skipped, and the connection is kept', async (_, packets) => {
        const { receiver, seen } = await twice((socket, nth) => {
          const answer = ok(`answer ${nth}`)
          const parts = packets.length === 1 ? [packets[0] + answer] : [...packets, answer]
          return writeInParts(socket, parts)
        })
        expect(seen.map(textOf)).toEqual(['answer 1', 'answer 2'])
        expect(receiver.requests).toHaveLength(2)
        expect(receiver.connections).toHaveLength(1)
      })
    })

    const several = interims.several!.join('')

    test('interim responses cut into packets anywhere are skipped', async () => {
      const whole = several + ok()
      const receiver = await startRawReceiver((socket, nth) =>
        writeInParts(socket, [whole.slice(0, nth), whole.slice(nth)]),
      )
      const seen = await sender.inTurn(`http://127.0.0.1:${receiver.port}/`, whole.length - 1)
      expect(seen.map(textOf)).toEqual(Array(whole.length - 1).fill('ok'))
      expect(receiver.requests).toHaveLength(whole.length - 1)
      expect(receiver.connections).toHaveLength(1)
    })

    test('interim responses that come byte by byte are skipped', async () => {
      const { receiver, seen } = await twice(socket => writeInParts(socket, [...several, ...ok()]))
      expect(seen.map(textOf)).toEqual(['ok', 'ok'])
      expect(receiver.requests).toHaveLength(2)
      expect(receiver.connections).toHaveLength(1)
    })

    test('a 410 after interim responses means gone', async () => {
      const { receiver, seen } = await once(socket => {
        socket.write(`${several}HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n`)
      })
      expect(outcomeOf(seen)).toMatchObject({ error: 'gone', status: 410 })
      expect(receiver.requests).toHaveLength(1)
    })

    test('the Retry-After of a 429 counts, that of an interim response before it does not', async () => {
      const { receiver, seen } = await once(socket => {
        socket.write(
          'HTTP/1.1 103 Early Hints\r\nretry-after: 7\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n',
        )
        socket.write('HTTP/1.1 429 Slow down\r\nretry-after: 60\r\ncontent-length: 0\r\n\r\n')
      })
      expect(outcomeOf(seen)).toMatchObject({ error: 'throttled', status: 429, retryAfterSeconds: 60 })
      expect('date' in seen && seen.date).toBeNull()
      expect(receiver.requests).toHaveLength(1)
    })

    test('interim responses may go on for a while before an answer in time', async () => {
      const { receiver, seen } = await once(socket =>
        writeInParts(socket, [...Array(20).fill(processing), ok()], 20),
      )
      expect(textOf(seen)).toBe('ok')
      expect(receiver.requests).toHaveLength(1)
    })

    test('interim responses that go on until the deadline end as a timeout', async () => {
      const { receiver, seen } = await once(socket => {
        const timer = setInterval(() => socket.write(processing), 50)
        socket.once('close', () => clearInterval(timer))
      }, short)
      expect(seen).toEqual({ error: 'timeout' })
      expect(receiver.requests).toHaveLength(1)
    })

    test('endless interim responses do not count as an answer', async () => {
      const { receiver, seen } = await once(pour(processing), short)
      expect(seen).toEqual({ error: endless })
      expect(receiver.requests).toHaveLength(1)
    })

    test.each<[string, FailureKind, RawRespond]>([
      ['nothing', 'timeout', socket => socket.write(several)],
      ['the beginning of another', 'timeout', socket => socket.write(`${several}HTTP/1.1 10`)],
      ['the end of the connection', 'connection', socket => socket.end(several)],
      ['a reset', 'connection', socket => socket.write(several, () => socket.resetAndDestroy())],
    ])('interim responses followed by %s fail as %s', async (_, error, respond) => {
      const { receiver, seen } = await once(respond, short)
      expect(seen).toEqual({ error })
      expect(receiver.requests).toHaveLength(1)
    })

    test('content after an interim response is a failure: a response must follow its head', async () => {
      const { receiver, seen } = await once(socket => {
        socket.write(`HTTP/1.1 103 Early Hints\r\ncontent-length: 5\r\n\r\nhello${ok()}`)
      })
      expect(outcomeOf(seen).kind).toBe('failed')
      expect(receiver.requests).toHaveLength(1)
    })

    test('an interim response inside a body is part of the body', async () => {
      const { receiver, seen } = await twice(socket =>
        writeInParts(socket, [ok(several).slice(0, -several.length), several]),
      )
      expect(seen.map(textOf)).toEqual([several, several])
      expect(receiver.connections).toHaveLength(1)
    })

    test('interim responses after the answer count for no request, and the next one gets its own answer', async () => {
      let answers = 0
      const { receiver, seen } = await twice(socket => {
        socket.write(ok(`answer ${++answers}`) + several)
      })
      expect(seen.map(textOf)).toEqual(['answer 1', 'answer 2'])
      expect(receiver.requests).toHaveLength(2)
    })

    test.each([
      ['', 'connection: upgrade\r\nupgrade: websocket\r\n'],
      ['', ''],
      [several, 'connection: upgrade\r\nupgrade: websocket\r\n'],
      [several, ''],
    ])('101 is a bad response, not an interim one (%#)', async (before, headers) => {
      const { receiver, seen } = await once(socket => {
        socket.end(`${before}HTTP/1.1 101 Switching Protocols\r\n${headers}\r\n${ok()}`)
      })
      expect(seen).toEqual({ error: 'bad_response' })
      expect(receiver.requests).toHaveLength(1)
    })
  })
}

const processing = 'HTTP/1.1 102 Processing\r\n\r\n'

/** The same without end, as fast as it is read. */
function pour(text: string): RawRespond {
  return socket => {
    const more = () => {
      while (socket.writable && socket.write(text.repeat(100)));
      if (socket.writable) socket.once('drain', more)
    }
    more()
  }
}
