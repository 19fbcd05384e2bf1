// Which URLs may be endpoints: the tricks that have passed other projects' checks, and the URLs that must still work.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCidr } from '../../delivery/address.ts'
import { checkEndpointUrl, type EgressPolicy } from '../../delivery/url.ts'
import { anyText } from '../support/any-text.ts'

const production: EgressPolicy = { allowHttp: false, privateNetworks: [] }
/** Plain HTTP, so that the host is refused and not the scheme. */
const plain: EgressPolicy = { allowHttp: true, privateNetworks: [] }
const development: EgressPolicy = {
  allowHttp: true,
  privateNetworks: ['127.0.0.0/8', '::1/128'].map(text => parseCidr(text)!),
}

test.each([
  'https://example.com/webhooks?tenant=1',
  'https://example.com:8443/',
  'https://EXAMPLE.com.',
  'https://8.8.8.8/',
  'https://[2606:4700::1111]/',
  'https://bücher.example/',
  'https://_dmarc.a--b.example.com./',
  `https://${'a'.repeat(63)}.example.com/`,
  'https://localhost.example.com/',
  'https://internal.example.com/',
])('%s may be an endpoint in production', text => {
  expect(checkEndpointUrl(text, production)).toEqual({ ok: true, url: new URL(text) })
})

test.each([
  'http://127.0.0.1:8787/receivers/billing',
  'http://localhost:8787/',
  'http://[::1]:40000/',
  'http://receiver:8080/',
])('%s may be one in development', text => {
  expect(checkEndpointUrl(text, development).ok).toBe(true)
})

const blockedHosts = {
  'loopback in all spellings': [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '①②⑦.0.0.1',
    '127。0。0。1',
    '[::1]',
    '127.0.0.1.',
    'localhost',
    'localhost.',
    'localhost..',
    'LOCALHOST',
    'a.localhost',
    '%6cocalhost',
    'ⓛocalhost',
  ],
  unspecified: ['0.0.0.0', '0', '0x', '[::]'],
  'private networks': ['10.0.0.1', '172.16.0.1', '192.168.1.1', '[fd00::1]', '[fe80::1]'],
  metadata: [
    '169.254.169.254',
    '0xA9FEA9FE',
    '169.254.43518',
    '169.254.170.2',
    'metadata.google.internal',
    '[fd00:ec2::254]',
    '[fd20:ce::254]',
    '168.63.129.16',
    '192.0.0.192',
    '100.100.100.200',
    'metadata.google.internal.',
    'x.INTERNAL',
  ],
  'IPv4 inside IPv6': [
    '[::ffff:127.0.0.1]',
    '[::ffff:a9fe:a9fe]',
    '[::127.0.0.1]',
    '[64:ff9b::a9fe:a9fe]',
    '[64:ff9b:1::1]',
    '[2002:7f00:1::]',
    '[2001:0:7f00:1::1]',
    '[::ffff:0:7f00:1]',
  ],
  'other special addresses': [
    '100.64.0.1',
    '198.18.0.1',
    '192.0.2.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '[fec0::1]',
    '[5f00::1]',
    '[100::1]',
    '[3fff::1]',
    '[ff02::1]',
    '[2001:db8::1]',
  ],
}
describe.each(Object.entries(blockedHosts))('%s', (_, hosts) => {
  test.each(hosts)('http://%s/ is blocked', host => {
    expect(checkEndpointUrl(`http://${host}/`, plain)).toMatchObject({ ok: false, error: 'blocked_address' })
  })
})

describe('what only looks like something else', () => {
  test.each([
    'http://127.0.0.1\\@example.com/',
    'http://127.0.0.1#@example.com',
    'http://127.0.0.1?@example.com',
    'http:127.0.0.1',
    'http:/127.0.0.1',
    'http:\\\\127.0.0.1',
    ' http://127.0.0.1 ',
    'ht\ntp://127.0\t.0.1/',
    'HTTP://127.0.0.1/',
  ])('%j is blocked as loopback', text => {
    expect(checkEndpointUrl(text, plain)).toMatchObject({ ok: false, error: 'blocked_address' })
  })

  test.each([
    'http://example.com@127.0.0.1/',
    'https://user@example.com/',
    'https://:password@example.com/',
    'https://user:password@example.com/',
  ])('%s is refused for its user or password', text => {
    expect(checkEndpointUrl(text, plain)).toEqual({
      ok: false,
      problem: 'must not contain a user name or password',
      error: 'invalid_endpoint',
    })
  })

  test('a URL with an IPv6 zone is refused', () => {
    expect(checkEndpointUrl('http://[fe80::1%25eth0]/', plain)).toMatchObject({ ok: false })
  })
})

test.each([
  'ftp://example.com/',
  'file:///etc/passwd',
  'gopher://example.com/',
  'data:text/plain,x',
  'javascript:alert(1)',
  'blob:https://example.com/x',
  'http+unix://%2Fvar%2Frun%2Fdocker.sock/',
  'ws://example.com/',
  'wss://example.com/',
])('the scheme of %s is refused', text => {
  expect(checkEndpointUrl(text, development)).toMatchObject({
    ok: false,
    problem: 'must begin with https://',
  })
})

test.each([
  '',
  'example.com',
  '/path',
  '//example.com',
  'https://',
  'https://a b/',
  'https://example.com:65536/',
])('"%s" is not a URL', text => {
  expect(checkEndpointUrl(text, development)).toMatchObject({ ok: false, problem: 'is not an absolute URL' })
})

test('plain HTTP needs a setting', () => {
  expect(checkEndpointUrl('http://example.com/', production)).toMatchObject({ ok: false })
  expect(checkEndpointUrl('http://example.com/', plain)).toMatchObject({ ok: true })
})

test.each([80, 443, 1024, 8080, 8443, 8787, 40_000, 65_535])('port %i is allowed', port => {
  expect(checkEndpointUrl(`https://example.com:${port}/`, production).ok).toBe(true)
})

test.each([0, 1, 22, 25, 53, 81, 1023, 1433, 2379, 3306, 5432, 5984, 6379, 9200, 11_211, 27_017])(
  'port %i is refused, also in development',
  port => {
    expect(checkEndpointUrl(`http://127.0.0.1:${port}/`, development)).toMatchObject({
      ok: false,
      problem: 'has a port that webhooks are not sent to',
    })
  },
)

test('names that resolve locally need loopback to be allowed, not any other network', () => {
  const policy = { allowHttp: true, privateNetworks: [parseCidr('10.0.0.0/8')!] }
  expect(checkEndpointUrl('http://10.1.2.3/', policy).ok).toBe(true)
  expect(checkEndpointUrl('http://localhost/', policy).ok).toBe(false)
  expect(checkEndpointUrl('http://localhost/', development).ok).toBe(true)
})

test('a URL has at most 2,048 characters, counted as written and as sent', () => {
  const ofLength = (length: number) => 'https://example.com/'.padEnd(length, 'x')
  expect(checkEndpointUrl(ofLength(2048), production).ok).toBe(true)
  expect(checkEndpointUrl(ofLength(2049), production).ok).toBe(false)
  expect(checkEndpointUrl(`https://example.com/${'é'.repeat(400)}`, production).ok).toBe(false)
})

test('any text gets an answer, and the problem repeats nothing of the URL', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, fc.webUrl({ withQueryParameters: true, withFragments: true })), text => {
      const checked = checkEndpointUrl(text.replace('?', '?token=CANARY'), plain)
      if (!checked.ok) expect(checked.problem).not.toContain('CANARY')
    }),
  )
})
