// Which addresses a webhook may go to. This is an allow-list: an address that is not certainly public is refused.

/** 4 bytes or 16. */
export type Address = Uint8Array<ArrayBuffer>

export interface Cidr {
  readonly network: Address
  readonly bits: number
}

/** The IANA special-purpose address registry, multicast and class E. */
const specialIPv4 = networks(
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24',
  '192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15',
  '198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4',
)
const globalIPv6 = networks('2000::/3')
/** Inside 2000::/3: protocol assignments with Teredo, documentation, 6to4, AS112, documentation again. */
const specialIPv6 = networks('2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20')

/** Where clouds keep credentials (AWS, Google, Azure, Oracle, Alibaba). No setting opens these. Azure's is a public address. */
const metadata = networks(
  '169.254.169.0/24 169.254.170.0/24 168.63.129.16/32 192.0.0.192/32 100.100.100.200/32',
  'fd00:ec2::/32 fd20:ce::254/128',
)

/** IPv6 addresses that end in an IPv4 one: mapped; compatible, translated, NAT64. 6to4 has it near its beginning. */
const mapped = networks('::ffff:0:0/96')
const translated = networks('::/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48')
const sixToFour = networks('2002::/16')

/** The address is text as the URL parser, the resolver or a socket prints it. Unreadable text is refused. */
export function isAllowed(address: string, privateNetworks: readonly Cidr[]): boolean {
  const bytes = parseAddress(address)
  if (!bytes) return false
  const inside = embeddedIPv4(bytes)
  if (isWithin(bytes, metadata) || (inside && isWithin(inside, metadata))) return false
  if (isPublic(bytes) || isWithin(bytes, privateNetworks)) return true
  // A dual-stack socket talks IPv4 to a mapped address, so an address that is allowed in IPv4 is allowed here too.
  return inside !== null && isWithin(bytes, mapped) && isWithin(inside, privateNetworks)
}

function isPublic(address: Address): boolean {
  if (address.length === 4) return !isWithin(address, specialIPv4)
  return isWithin(address, globalIPv6) && !isWithin(address, specialIPv6)
}

function embeddedIPv4(address: Address): Address | null {
  if (isWithin(address, sixToFour)) return address.slice(2, 6)
  return isWithin(address, mapped) || isWithin(address, translated) ? address.slice(12) : null
}

export function isWithin(address: Address, cidrs: readonly Cidr[]): boolean {
  return cidrs.some(
    ({ network, bits }) => network.length === address.length && sharesBits(network, address, bits),
  )
}

function sharesBits(a: Address, b: Address, bits: number): boolean {
  const whole = bits >> 3
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false
  return bits % 8 === 0 || (a[whole]! ^ b[whole]!) >> (8 - (bits % 8)) === 0
}

/** Strict: decimal IPv4 without leading zeros, IPv6 without a zone. null for everything else. */
export function parseAddress(text: string): Address | null {
  return text.includes(':') ? parseIPv6(text) : parseIPv4(text)
}

function parseIPv4(text: string): Address | null {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every(part => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return null
  return Uint8Array.from(parts, Number)
}

function parseIPv6(text: string): Address | null {
  const halves = text.split('::')
  if (halves.length > 2) return null
  const head = groups(halves[0]!, halves.length === 1)
  const tail = groups(halves[1] ?? '', true)
  if (!head || !tail) return null
  const missing = 16 - head.length - tail.length
  // `::` stands for at least one group of zeros.
  if (halves.length === 1 ? missing !== 0 : missing < 2) return null
  return new Uint8Array([...head, ...new Array(missing).fill(0), ...tail])
}

/** The bytes of colon-separated groups; the very last group of an address may be written as IPv4. */
function groups(text: string, atEnd: boolean): number[] | null {
  if (text === '') return []
  const bytes: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    const ipv4 = atEnd && i === parts.length - 1 ? parseIPv4(part) : null
    if (ipv4) bytes.push(...ipv4)
    else if (/^[0-9a-f]{1,4}$/i.test(part))
      bytes.push(Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 255)
    else return null
  }
  return bytes
}

/** Strict: the bits after the prefix must be zero, because `10.1.2.3/8` could mean one host or sixteen million. */
export function parseCidr(text: string): Cidr | null {
  const [, address, prefix] = /^(.+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? []
  const network = address === undefined ? null : parseAddress(address)
  const bits = Number(prefix)
  if (!network || bits > network.length * 8) return null
  const isClean = network.every((byte, i) => (byte & (0xff >> Math.min(8, Math.max(0, bits - i * 8)))) === 0)
  return isClean ? { network, bits } : null
}

function networks(...lists: string[]): Cidr[] {
  return lists.flatMap(list => list.split(' ').map(text => parseCidr(text)!))
}
