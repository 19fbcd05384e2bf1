// Resolves host names. Not with dns.lookup: that is getaddrinfo on libuv's four threads, and four endpoints with slow name
// servers would block all others. c-ares waits on sockets, so a slow name delays only itself.
//
// Of what getaddrinfo does beyond DNS, this does what containers need: localhost, and the hosts file (extra_hosts in
// compose). Search domains are not applied: use full names.
import { Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'

/** All addresses of a name, in the order to try them; rejects when there are none. */
export type Resolve = (hostname: string) => Promise<string[]>

export interface ResolveOptions {
  /** Name servers, `address:port`; default: those of the system. */
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
    // RFC 6761, section 6.3: no name server is asked.
    if (name === 'localhost' || name.endsWith('.localhost')) return ['127.0.0.1', '::1']
    const known = await inHostsFile(hostsFile, name)
    return known.length > 0 ? known : queryDns(name, servers, deadlineMs)
  }
}

async function inHostsFile(hostsFile: string, name: string): Promise<string[]> {
  const text = await readFile(hostsFile, 'utf8').catch(error => {
    // No descriptor is left to read the file. DNS could give another answer, so it is not asked instead.
    if (error.code === 'EMFILE' || error.code === 'ENFILE') throw error
    return ''
  })
  return text.split('\n').flatMap(line => {
    const [address, ...names] = line.replace(/#.*/, '').toLowerCase().trim().split(/\s+/)
    return address && names.includes(name) ? [address] : []
  })
}

/** IPv4 first, because many containers have no IPv6 route. */
async function queryDns(name: string, servers: readonly string[] | undefined, deadlineMs: number) {
  // A new one each time: it reads resolv.conf again, and uses a port that cannot be guessed.
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
