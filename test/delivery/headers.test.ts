// Custom headers: which ones an endpoint may have, and which ones would change the meaning of a request.
import { describe, expect, test } from 'vitest'
import { checkHeaders } from '../../delivery/headers.ts'

test.each([
  [{}],
  [{ accept: 'application/json' }],
  [{ authorization: 'Bearer abc', 'X-Team': 'a b\tc', 'x_y.z~1': '' }],
  [Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`x-${i}`, 'y']))],
  [{ 'x-a': 'y'.repeat(4093) }],
])('an endpoint may have the headers %j', headers => expect(checkHeaders(headers)).toEqual([]))

describe('refuses a header name', () => {
  test.each([
    'webhook-id',
    'Webhook-Signature',
    'WEBHOOK-anything',
    'outbox-attempt',
    'proxy-authorization',
    'Host',
    'content-length',
    'Content-Type',
    'transfer-encoding',
    'connection',
    'user-agent',
    'accept-encoding',
    'upgrade',
    'traceparent',
  ])('that is reserved: %s', name =>
    expect(checkHeaders({ [name]: 'x' })).toEqual([{ name, problem: 'is reserved' }]),
  )

  test.each(['', ' ', 'x y', 'x:', 'x\r\nhost', 'é', 'x\0', 'x,y', '(x)', ' host', 'host '])(
    'that is not valid: %j',
    name => expect(checkHeaders({ [name]: 'x' })).toEqual([{ name, problem: 'is not a valid header name' }]),
  )

  test('that comes twice in different spellings', () =>
    expect(checkHeaders({ authorization: 'a', Authorization: 'b' })).toEqual([
      { name: 'Authorization', problem: 'comes twice' },
    ]))
})

test.each(['a\rb', 'a\nb', 'a\0b', 'a\r\nhost: b', 'aé', 'a\u{1f600}', 'a\x7f', ' a', 'a ', '\ta'])(
  'refuses the header value %j and does not repeat it',
  value => {
    const [refused] = checkHeaders({ 'x-a': value.replace('a', 'CANARY') })
    expect(refused).toMatchObject({ name: 'x-a', problem: expect.stringContaining('value') })
    expect(refused?.problem).not.toContain('CANARY')
  },
)

test('refuses more than 20 headers, and more than 4096 bytes in all', () => {
  const many = Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`x-${i}`, 'y']))
  expect(checkHeaders(many)).toEqual([{ name: '', problem: 'must not be more than 20' }])
  expect(checkHeaders({ 'x-a': 'y'.repeat(4094) })).toEqual([
    { name: '', problem: 'must not have more than 4096 bytes in all' },
  ])
})
