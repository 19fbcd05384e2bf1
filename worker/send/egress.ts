// The egress guard. It checks the address that is dialled and not the name, because a name can resolve differently the next
// time.
import { isIP, type LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import { type Cidr, isAllowed } from '../../delivery/address.ts'
import type { FailureKind } from '../../delivery/failures.ts'
import { SendError } from '../../delivery/send.ts'
import { skipInterimResponses } from './interim-responses.ts'
import type { Resolve } from './resolve.ts'

/** Covers DNS, TCP and TLS. The deadline of the request includes it, and may be shorter. */
const connectTimeoutMs = 10_000

/** When a host has several addresses: how long one may take before the next is tried. */
const nextAddressMs = 1000

export function areReachable(addresses: readonly string[], privateNetworks: readonly Cidr[]): boolean {
  return addresses.every(address => isAllowed(address, privateNetworks))
}

/** A connector for undici that reaches allowed addresses only. Every error it reports is a SendError. */
export function guardedConnector(
  privateNetworks: readonly Cidr[],
  resolve: Resolve,
): buildConnector.connector {
  const isReachable = (address: string) => isAllowed(address, privateNetworks)
  const dial = buildConnector({
    allowH2: false,
    timeout: connectTimeoutMs,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: nextAddressMs,
    lookup: vettedLookup(isReachable, resolve),
  })
  return (options, callback) => {
    // No lookup is made for an address written out in the URL.
    if (isIP(options.hostname) && !isReachable(options.hostname)) {
      return queueMicrotask(() => callback(new SendError('blocked_address'), null))
    }
    dial(options, (error, socket) => {
      if (error) return callback(new SendError(connectFailure(error, options.protocol)), null)
      const peer = socket.remoteAddress
      if (peer !== undefined && isReachable(peer)) return callback(null, skipInterimResponses(socket))
      socket.destroy()
      callback(new SendError(peer === undefined ? 'connection' : 'blocked_address'), null)
    })
  }
}

/** Called once for each connection: what it returns is dialled. A name with one address that is not allowed is blocked. */
function vettedLookup(isReachable: (address: string) => boolean, resolve: Resolve): LookupFunction {
  return async (hostname, _options, callback) => {
    let failure: FailureKind = 'dns'
    const addresses = await resolve(hostname).catch(error => {
      failure = isExhaustion(error) ? 'exhausted' : 'dns'
      return []
    })
    if (addresses.length === 0) return callback(new SendError(failure), [])
    if (!addresses.every(isReachable)) return callback(new SendError('blocked_address'), [])
    callback(
      null,
      addresses.map(address => ({ address, family: isIP(address) })),
    )
  }
}

function connectFailure(error: NodeJS.ErrnoException, protocol: string): FailureKind {
  if (error instanceof SendError) return error.kind
  if (error.code === 'UND_ERR_CONNECT_TIMEOUT') return 'timeout'
  // An AggregateError stands for all addresses that were tried.
  const tried = error instanceof AggregateError ? error.errors : [error]
  if (tried.some(isExhaustion)) return 'exhausted'
  if (error instanceof AggregateError) return 'connection'
  // While a TLS connection is opened, an error without a system call comes from the handshake.
  return protocol === 'https:' && error.syscall === undefined ? 'tls' : 'connection'
}

/** This process or its machine has no file descriptor, port or memory for one more socket. */
export function isExhaustion(error: { code?: string }): boolean {
  return ['EMFILE', 'ENFILE', 'ENOBUFS', 'EADDRNOTAVAIL'].includes(error.code ?? '')
}
