// Host names to addresses. Not with dns.lookup: that is getaddrinfo on libuv's four threads, which four endpoints with
// slow name servers would take from everybody. c-ares waits on sockets, so slow names only delay themselves.
//
// What getaddrinfo does beyond asking DNS is done here as far as containers need it: localhost, and the hosts file
// (compose's extra_hosts). Search domains are not applied: name services in full.
import { Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'

/** All addresses of a name, those to try first in front; rejects when there are none. */
export type Resolve = (hostname: string) => Promise<string[]>

export interface ResolveOptions {
  /** Name servers, `address:port`; those of the system when left out. */
  readonly servers?: readonly string[]
  readonly hostsFile?: string
  readonly deadlineMs?: number
}

export function createResolve({
  servers,
  hostsFile = process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts',
  deadlineMs = 5000,
}: ResolveOptions = {}): Resolve {
  return async hostname => {
    const name = hostname.replace(/\.$/, '').toLowerCase()
    // RFC 6761, section 6.3: nobody else is asked.
    if (name === 'localhost' || name.endsWith('.localhost')) return ['127.0.0.1', '::1']
    const known = await inHostsFile(hostsFile, name)
    return known.length > 0 ? known : queryDns(name, servers, deadlineMs)
  }
}

async function inHostsFile(hostsFile: string, name: string): Promise<string[]> {
  const text = await readFile(hostsFile, 'utf8').catch(error => {
    // No descriptor left to read it with: to ask elsewhere could give another answer.
    if (error.code === 'EMFILE' || error.code === 'ENFILE') throw error
    return ''
  })
  return text.split('\n').flatMap(line => {
    const [address, ...names] = line.replace(/#.*/, '').toLowerCase().trim().split(/\s+/)
    return address && names.includes(name) ? [address] : []
  })
}

/** IPv4 in front, because many containers have no IPv6 route. */
async function queryDns(name: string, servers: readonly string[] | undefined, deadlineMs: number) {
  // A new one each time: it reads resolv.conf again, and asks from a port that nobody could guess.
  const resolver = new Resolver({ timeout: deadlineMs / 4, tries: 3 })
  if (servers) resolver.setServers(servers)
  const deadline = setTimeout(() => resolver.cancel(), deadlineMs)
  try {
    const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
    const addresses = answers.flatMap(answer => (answer.status === 'fulfilled' ? answer.value : []))
    if (addresses.length === 0) throw new Error('no address')
    return addresses
  } finally {
    clearTimeout(deadline)
  }
}
