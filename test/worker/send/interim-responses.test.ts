// Which bytes of a connection are interim responses: the same ones, however the bytes are cut into chunks.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InterimFilter } from '../../../worker/send/interim-responses.ts'
import { interims } from '../../support/interims.ts'
import { ok } from '../../support/raw-receiver.ts'

/** What passes of these chunks, read after a request was written. */
function passing(chunks: string[], filter = new InterimFilter()): string {
  filter.expectResponse()
  let passed = ''
  for (const chunk of chunks) {
    const bytes = Buffer.from(chunk, 'latin1')
    const rest = filter.isIdle ? bytes : filter.take(bytes)
    if (rest === 'bad_response') return rest
    passed += rest.toString('latin1')
  }
  return passed
}

/** Texts, each with the same in one chunk, in single bytes, and in two chunks with the cut at every place. */
function everyCut(text: string): string[][] {
  return [[text], [...text], ...Array.from(text, (_, i) => [text.slice(0, i), text.slice(i)])]
}

describe('interim responses are taken out', () => {
  test.each(Object.entries(interims))('%s', (_, heads) => {
    for (const chunks of everyCut(heads.join('') + ok())) expect(passing(chunks)).toBe(ok())
  })

  test('in any number and order, cut anywhere', () => {
    const head = fc.constantFrom(...Object.values(interims).flat())
    const rest = fc.constantFrom(
      ok(),
      'HTTP/1.0 500 No\r\n\r\n',
      'HTTP/1.1 410\r\n\r\nHTTP/1.1 100 \r\n\r\n',
      'HTTX',
      '1',
    )
    const cuts = fc.array(fc.nat(1000))
    fc.assert(
      fc.property(fc.array(head), rest, cuts, (heads, rest, cuts) => {
        const text = heads.join('') + rest
        const places = [0, ...cuts.map(cut => cut % text.length).sort((a, b) => a - b), text.length]
        const chunks = places.slice(1).map((place, i) => text.slice(places[i], place))
        expect(passing(chunks)).toBe(rest)
      }),
    )
  })

  test('before each response on a connection, and nothing of what follows the final one’s beginning', () => {
    const filter = new InterimFilter()
    const [interim] = interims['a 100']!
    const whole = [interim!, ok(interim), interim!]
    expect(passing(whole, filter)).toBe(ok(interim) + interim)
    expect(passing(whole, filter)).toBe(ok(interim) + interim)
  })
})

describe('all else passes unchanged, and at once', () => {
  test.each([
    ok(),
    'HTTP/1.0 200 OK\r\n\r\n',
    'HTTP/1.1 099 Odd\r\n\r\n',
    'HTTP/1.1 1000 Odd\r\n\r\n',
    'HTTP/1.1 1\r\n',
    'HTTP/1.1 10x\r\n',
    'HTTP/2.0 100 Continue\r\n\r\n',
    'http/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1  100 Continue\r\n\r\n',
    '100 Continue\r\n\r\n',
    '\0\x01\x02 garbage',
    'x',
  ])('%j', text => {
    for (const chunks of everyCut(text)) expect(passing(chunks)).toBe(text)
  })

  test('as the very same bytes where no look at them is needed', () => {
    const filter = new InterimFilter()
    filter.expectResponse()
    const chunk = Buffer.from(ok())
    expect(filter.take(chunk)).toBe(chunk)
    expect(filter.isIdle).toBe(true)
  })
})

test('a 101 is a bad response, also after interim ones', () => {
  const switching = 'HTTP/1.1 101 Switching Protocols\r\n\r\n'
  for (const chunks of everyCut(switching)) expect(passing(chunks)).toBe('bad_response')
  expect(passing([interims.several!.join('') + switching])).toBe('bad_response')
})

describe('64 KiB of interim responses are the most', () => {
  const interim = `HTTP/1.1 103 Early Hints\r\nx: ${'y'.repeat(986)}\r\n\r\n` // 1,017 bytes
  const flood = (bytes: number) => {
    const heads = interim.repeat(Math.floor(bytes / interim.length) - 1)
    return heads + interim.replace('y', 'y'.repeat(1 + bytes - heads.length - interim.length))
  }

  test.each([1, 100, 1 << 20])('in chunks of %i bytes', size => {
    const inChunks = (text: string) => text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g'))!
    expect(flood(65_536)).toHaveLength(65_536)
    expect(passing(inChunks(flood(65_536) + ok()))).toBe(ok())
    expect(passing(inChunks(flood(65_537) + ok()))).toBe('bad_response')
  })

  test('for each response anew', () => {
    const filter = new InterimFilter()
    for (let i = 0; i < 3; i++) expect(passing([flood(65_536) + ok()], filter)).toBe(ok())
  })

  test('a head without end is a flood, too', () => {
    expect(passing(['HTTP/1.1 103 Early Hints\r\n', ...Array(6).fill('x: y\r\n'.repeat(2000))])).toBe(
      'bad_response',
    )
    expect(passing(Array(70_000).fill('\r\n'))).toBe('bad_response')
  })
})
