// Step 9, first part: what a response becomes, or a failure to get one.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FailureKind, failureKinds } from '../../delivery/failures.ts'
import { classify } from '../../delivery/outcome.ts'
import { SendError } from '../../delivery/send.ts'

const now = Date.UTC(2026, 10, 6, 12)
const response = (status: number, body: Uint8Array | string = '', retryAfter: string | null = null) => ({
  status,
  retryAfter,
  date: null,
  body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
})
const bodyOf = (body: Uint8Array) => classify(response(200, body), now).body!

test.each([200, 201, 202, 204, 206, 299])('status %i is delivered', status => {
  expect(classify(response(status, 'thanks'), now)).toEqual({ kind: 'delivered', status, body: 'thanks' })
})

test.each<[number, FailureKind]>([
  [300, 'redirect'],
  [301, 'redirect'],
  [304, 'redirect'],
  [307, 'redirect'],
  [308, 'redirect'],
  [400, 'bad_status'],
  [401, 'bad_status'],
  [404, 'bad_status'],
  [422, 'bad_status'],
  [410, 'gone'],
  [429, 'throttled'],
  [500, 'bad_status'],
  [502, 'bad_status'],
  [503, 'bad_status'],
  [504, 'bad_status'],
  [101, 'bad_status'],
  [0, 'bad_response'],
  [99, 'bad_response'],
  [600, 'bad_response'],
  [999, 'bad_response'],
])('status %i is a failure: %s', (status, error) => {
  expect(classify(response(status), now)).toEqual({
    kind: 'failed',
    error,
    status,
    body: '',
    retryAfterSeconds: null,
  })
})

test('only a 2xx is ever delivered', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1, max: 1000 }), status => {
      expect(classify(response(status), now).kind === 'delivered').toBe(status >= 200 && status < 300)
    }),
  )
})

test.each([429, 502, 503, 504])('status %i with Retry-After asks for a pause', status => {
  expect(classify(response(status, '', '120'), now)).toMatchObject({
    error: 'throttled',
    retryAfterSeconds: 120,
  })
  const date = new Date(now + 60_000).toUTCString()
  expect(classify(response(status, '', date), now)).toMatchObject({ retryAfterSeconds: 60 })
  expect(classify(response(status, '', 'Wed, 99 Foo'), now)).toMatchObject({ retryAfterSeconds: null })
})

test.each([301, 400, 404, 410, 500, 501])('status %i cannot ask for a pause', status => {
  expect(classify(response(status, '', '120'), now)).toMatchObject({ retryAfterSeconds: null })
})

test.each(failureKinds)('without a response the kind stays: %s', error => {
  expect(classify(new SendError(error), now)).toEqual({
    kind: 'failed',
    error,
    status: null,
    body: null,
    retryAfterSeconds: null,
  })
})

describe('of a response’s body is kept', () => {
  test('binary as readable text: NUL left out, invalid UTF-8 replaced', () => {
    expect(bodyOf(Uint8Array.of(0x61, 0, 0xff, 0xfe, 0x62))).toBe('a\ufffd\ufffdb')
  })

  test('at most 1,024 bytes', () => {
    expect(bodyOf(Buffer.alloc(1024, 'x'))).toBe('x'.repeat(1024))
    expect(bodyOf(Buffer.alloc(5000, 'x'))).toBe('x'.repeat(1024))
  })

  test('no half of a character that the cut goes through', () => {
    expect(bodyOf(Buffer.from('xxx' + '😀'.repeat(300)))).toBe('xxx' + '😀'.repeat(255))
    // Without the NULs there is room for a replacement character.
    expect(bodyOf(Buffer.from('\0\0\0' + '😀'.repeat(300)))).toBe('😀'.repeat(255))
  })

  test('at most 1,024 bytes even if each byte is replaced by three', () => {
    expect(bodyOf(Buffer.alloc(1024, 0xff))).toBe('\ufffd'.repeat(341))
  })

  test('of any bytes, text that Postgres accepts: a prefix of what a browser would show', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), bytes => {
        const text = bodyOf(bytes)
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024)
        expect(text).not.toContain('\0')
        expect(text.isWellFormed()).toBe(true)
        expect(new TextDecoder().decode(bytes).replaceAll('\0', '').startsWith(text)).toBe(true)
      }),
    )
  })
})
