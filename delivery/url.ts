// Which URLs we may send webhooks to. Checked when an endpoint is written, and again before every request.
import { type Cidr, isAllowed, parseAddress } from './address.ts'

export interface EgressPolicy {
  readonly allowHttp: boolean
  /** Networks that webhooks may reach although they are not public. */
  readonly privateNetworks: readonly Cidr[]
  /** Ports from 1024 on that webhooks are not sent to. */
  readonly blockedPorts?: readonly number[]
}

/** `problem` ends the sentence "the URL …"; it repeats nothing of the URL, which may contain a token. */
export type CheckedUrl =
  | { readonly ok: true; readonly url: URL }
  | { readonly ok: false; readonly problem: string; readonly error: 'invalid_endpoint' | 'blocked_address' }

export const maxUrlLength = 2048

/** Databases and caches that would execute a line of HTTP, or fail on it. Below 1024 only 80 and 443 are allowed anyway. */
export const databasePorts: readonly number[] = [
  1433, 1521, 2379, 2380, 3306, 5432, 5433, 5984, 6379, 6380, 7687, 9042, 9200, 9300, 11211, 26257, 27017,
  27018, 27019,
]

export function checkEndpointUrl(text: string, policy: EgressPolicy): CheckedUrl {
  if (text.length > maxUrlLength) return invalid(`must not be longer than ${maxUrlLength} characters`)
  if (!URL.canParse(text)) return invalid('is not an absolute URL')
  const url = new URL(text)
  if (url.href.length > maxUrlLength) return invalid(`must not be longer than ${maxUrlLength} characters`)
  if (url.protocol === 'http:' && !policy.allowHttp) return invalid('must begin with https://')
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return invalid('must begin with https://')
  if (url.username || url.password) return invalid('must not contain a user name or password')
  if (!isAllowedPort(url.port, policy.blockedPorts ?? databasePorts))
    return invalid('has a port that webhooks are not sent to')
  if (!isAllowedHost(url.hostname, policy.privateNetworks)) {
    return { ok: false, problem: 'has a host that is not public', error: 'blocked_address' }
  }
  if (!canExist(url.hostname)) return invalid('has a host name that cannot exist')
  return { ok: true, url }
}

function invalid(problem: string): CheckedUrl {
  return { ok: false, problem, error: 'invalid_endpoint' }
}

/** As DNS has it. The listener would find out when it resolves the name; fetch in the cron function could not say so. */
function canExist(hostname: string): boolean {
  if (hostname.startsWith('[')) return true
  const name = hostname.replace(/\.$/, '')
  const isLabel = (label: string) => /^[a-z0-9_-]{1,63}$/.test(label) && label !== 'xn--'
  return name.length <= 253 && name.split('.').every(isLabel)
}

function isAllowedPort(port: string, blocked: readonly number[]): boolean {
  // The parser leaves out the default port of the scheme.
  if (port === '' || port === '80' || port === '443') return true
  return Number(port) >= 1024 && !blocked.includes(Number(port))
}

/** The URL parser has already turned `127.1`, `0x7f000001` and full-width digits into plain addresses. */
function isAllowedHost(hostname: string, privateNetworks: readonly Cidr[]): boolean {
  const literal = hostname.replace(/^\[(.*)\]$/, '$1')
  if (parseAddress(literal)) return isAllowed(literal, privateNetworks)
  const isLocalName = /(^|\.)(localhost|internal)\.*$/.test(hostname)
  return !isLocalName || isAllowed('127.0.0.1', privateNetworks)
}
