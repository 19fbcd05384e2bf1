// Which addresses are allowed: lists of addresses that must be refused, and a comparison with Node's own address code.
import { BlockList, isIP, isIPv4 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Cidr, isAllowed, isWithin, parseAddress, parseCidr } from '../../delivery/address.ts'

const cidrs = (...texts: string[]): Cidr[] => texts.map(text => parseCidr(text)!)
const everything = cidrs('0.0.0.0/0', '::/0')

const publicAddresses = ['8.8.8.8', '1.1.1.1', '11.22.33.44', '2001:4860:4860::8888', '2606:4700::1111']
test.each(publicAddresses)('%s is public', address => {
  expect(isAllowed(address, [])).toBe(true)
})

const refused = {
  loopback: ['127.0.0.1', '127.255.255.254', '::1'],
  unspecified: ['0.0.0.0', '0.1.2.3', '::'],
  private: ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.0.1', 'fc00::1', 'fdff::1'],
  'link-local and site-local': ['169.254.1.1', 'fe80::1', 'febf::1', 'fec0::1'],
  'cloud metadata': ['169.254.169.254', '169.254.170.2', '168.63.129.16', '192.0.0.192', '100.100.100.200'],
  'cloud metadata in IPv6': ['fd00:ec2::254', 'fd20:ce::254'],
  'carrier NAT and benchmarks': ['100.64.0.1', '198.18.0.1', '198.19.255.255'],
  documentation: ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1'],
  'multicast, class E, broadcast': [
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    'ff02::1',
  ],
  'v4-mapped': ['::ffff:127.0.0.1', '::ffff:a9fe:a9fe', '::ffff:8.8.8.8'],
  'v4-compatible': ['::127.0.0.1', '::7f00:1', '::a9fe:a9fe'],
  'NAT64 and v4-translated': ['64:ff9b::a9fe:a9fe', '64:ff9b:1::1', '::ffff:0:7f00:1'],
  '6to4 and Teredo': ['2002:7f00:1::', '2001:0:7f00:1::1', '2001:20::1'],
  'discard, SRv6, AS112': [
    '100::1',
    '100:0:0:1::1',
    '5f00::1',
    '2620:4f:8000::1',
    '192.31.196.1',
    '192.175.48.1',
  ],
  'with a zone': ['fe80::1%eth0', '2606:4700::1111%1'],
  'not an address': ['', 'localhost', '1.2.3', '1.2.3.4.5', '256.1.1.1', '08.8.8.8', '0x8.8.8.8', '8.8.8.8 '],
  'not an IPv6 address': [
    ':',
    ':::',
    '1::2::3',
    '12345::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '::1.2.3',
    '1.2.3.4::',
  ],
}
describe.each(Object.entries(refused))('%s', (_, addresses) => {
  test.each(addresses)('"%s" is refused', address => {
    expect(isAllowed(address, [])).toBe(false)
  })
})

describe('private networks', () => {
  test('open the addresses in them and no others', () => {
    const networks = cidrs('10.1.0.0/16', 'fd12:3456::/32')
    expect(isAllowed('10.1.255.255', networks)).toBe(true)
    expect(isAllowed('10.2.0.0', networks)).toBe(false)
    expect(isAllowed('10.0.255.255', networks)).toBe(false)
    expect(isAllowed('fd12:3456:ffff::1', networks)).toBe(true)
    expect(isAllowed('fd12:3457::1', networks)).toBe(false)
  })

  test('in IPv4 also open the v4-mapped spelling, and in IPv6 they open only themselves', () => {
    expect(isAllowed('::ffff:127.0.0.1', cidrs('127.0.0.0/8'))).toBe(true)
    expect(isAllowed('::ffff:127.0.0.1', cidrs('::ffff:7f00:0/104'))).toBe(true)
    expect(isAllowed('::ffff:10.0.0.1', cidrs('127.0.0.0/8'))).toBe(false)
    expect(isAllowed('64:ff9b::7f00:1', cidrs('127.0.0.0/8'))).toBe(false)
    expect(isAllowed('127.0.0.1', cidrs('::/0'))).toBe(false)
  })

  test.each([
    '169.254.169.254',
    '169.254.170.2',
    '168.63.129.16',
    '192.0.0.192',
    '100.100.100.200',
    'fd00:ec2::254',
    'fd20:ce::254',
    '::ffff:169.254.169.254',
    '::a9fe:a9fe',
    '::ffff:0:a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
  ])('never open %s, where a cloud keeps credentials', address => {
    expect(isAllowed(address, everything)).toBe(false)
  })

  test.each(['127.0.0.1', '10.0.0.1', '169.254.1.1', '::1', 'fd00::1', 'fe80::1'])(
    'that contain every address open %s',
    address => {
      expect(isAllowed(address, everything)).toBe(true)
    },
  )
})

test.each([
  '10.0.0.0',
  '10.0.0.0/',
  '10.0.0.0/33',
  '10.0.0.0/08',
  '10.1.2.3/8',
  '::1/129',
  '::1/127',
  'x/8',
  '/8',
])('"%s" is not a network', text => {
  expect(parseCidr(text)).toBeNull()
})

describe('compared with Node', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6())
  /** Text that is nearly an address. */
  const almost = fc.string({ unit: fc.constantFrom(...'0123456789abcdefF:.:.%g '), maxLength: 40 })

  test('the same texts are addresses', () => {
    fc.assert(
      fc.property(fc.oneof(address, almost), text => {
        expect(parseAddress(text)?.length ?? 0).toBe(
          { 0: 0, 4: 4, 6: 16 }[isIP(text.replace(/%.*/s, '%')) as 0 | 4 | 6],
        )
      }),
      { numRuns: 5000 },
    )
  })

  test('every spelling of an IPv6 address is read as the same bytes', () => {
    fc.assert(
      fc.property(fc.ipV6(), text => {
        const canonical = new URL(`http://[${text}]`).hostname.slice(1, -1)
        expect(parseAddress(text)).toEqual(parseAddress(canonical))
        const full = [...parseAddress(text)!].map(byte => byte.toString(16).padStart(2, '0')).join('')
        expect(new URL(`http://[${full.match(/..../g)!.join(':')}]`).hostname.slice(1, -1)).toBe(canonical)
      }),
    )
  })

  test('the same addresses are public, also at the edges of the special networks', () => {
    fc.assert(
      fc.property(fc.oneof(address, atAnEdge()), text => {
        expect(isAllowed(text, [])).toBe(isPublicToNode(text))
      }),
      { numRuns: 20_000 },
    )
  })

  test('the same addresses are within a network', () => {
    fc.assert(
      fc.property(address, address, fc.nat(128), (inside, other, length) => {
        const bits = isIPv4(inside) ? length % 33 : length
        const network = masked(inside, bits)
        const node = new BlockList()
        node.addSubnet(network, bits, isIPv4(inside) ? 'ipv4' : 'ipv6')
        for (const text of [inside, other]) {
          // Node looks mapped addresses up in IPv4 networks; isAllowed has a rule of its own for that.
          if (isIPv4(text) !== isIPv4(inside)) continue
          expect(isWithin(parseAddress(text)!, cidrs(`${network}/${bits}`))).toBe(
            node.check(text, isIPv4(text) ? 'ipv4' : 'ipv6'),
          )
        }
      }),
    )
  })
})

const special4 =
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32'.split(
    ' ',
  )
const special6 = '2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20'.split(' ')

function blockList(networks: string[], family: 'ipv4' | 'ipv6') {
  const list = new BlockList()
  for (const network of networks) {
    const [address, bits] = network.split('/')
    list.addSubnet(address!, Number(bits), family)
  }
  return list
}
const nodeSpecial4 = blockList(special4, 'ipv4')
const nodeSpecial6 = blockList(special6, 'ipv6')
const nodeGlobal6 = blockList(['2000::/3'], 'ipv6')

function isPublicToNode(address: string): boolean {
  if (isIP(address) === 4) return !nodeSpecial4.check(address, 'ipv4')
  return nodeGlobal6.check(address, 'ipv6') && !nodeSpecial6.check(address, 'ipv6')
}

/** The first and the last address of a special network, or a step outside. */
function atAnEdge() {
  return fc
    .tuple(
      fc.constantFrom(...special4, ...special6, '2000::/3', '::/96', '::ffff:0:0/96'),
      fc.boolean(),
      fc.integer({ min: -1, max: 1 }),
    )
    .map(([network, isLast, step]) => {
      const { network: bytes, bits } = parseCidr(network)!
      const width = BigInt(bytes.length * 8)
      const first = BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
      const edge = isLast ? first + (1n << (width - BigInt(bits))) - 1n : first
      return asText(BigInt.asUintN(Number(width), edge + BigInt(step)), bytes.length)
    })
}

function asText(value: bigint, length: number): string {
  const hex = value.toString(16).padStart(length * 2, '0')
  return length === 16
    ? hex.match(/..../g)!.join(':')
    : hex
        .match(/../g)!
        .map(byte => Number.parseInt(byte, 16))
        .join('.')
}

function masked(address: string, bits: number): string {
  const bytes = parseAddress(address)!
  const width = BigInt(bytes.length * 8)
  const value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
  const host = width - BigInt(bits)
  return asText((value >> host) << host, bytes.length)
}
