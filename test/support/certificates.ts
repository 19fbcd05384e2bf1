// Certificates made for each run, so that none expires and no key is in the repository. X.509 in DER (RFC 5280).
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

export interface Identity {
  /** The certificate, PEM. */
  cert: string
  /** Its private key, PEM. */
  key: string
}

export interface Authority extends Identity {
  issue(options?: { names?: string[]; addresses?: string[]; notAfter?: Date }): Identity
}

const day = 86_400_000

export function createAuthority(name = 'Outbox test authority'): Authority {
  const keys = newKeys()
  const cert = certificate({
    subject: name,
    publicKey: keys.publicKey,
    issuer: name,
    signWith: keys.privateKey,
    isAuthority: true,
  })
  return {
    ...pem(cert, keys.privateKey),
    issue({ names = [], addresses = [], notAfter } = {}) {
      const own = newKeys()
      const subject = 'Outbox test receiver'
      const signed = {
        subject,
        publicKey: own.publicKey,
        issuer: name,
        signWith: keys.privateKey,
        isAuthority: false,
      }
      return pem(certificate({ ...signed, names, addresses, notAfter }), own.privateKey)
    },
  }
}

interface Contents {
  subject: string
  publicKey: KeyObject
  issuer: string
  signWith: KeyObject
  isAuthority: boolean
  names?: string[]
  addresses?: string[]
  notAfter?: Date | undefined
}

function certificate(contents: Contents): Buffer {
  const { names = [], addresses = [], notAfter = new Date(Date.now() + day) } = contents
  const algorithm = sequence(objectId('2a8648ce3d040302')) // ecdsa-with-SHA256
  const alternatives = [
    ...names.map(name => der(0x82, Buffer.from(name))),
    ...addresses.map(address => der(0x87, Buffer.from(address.split('.').map(Number)))),
  ]
  const extensions = [
    extension('551d13', sequence(...(contents.isAuthority ? [der(0x01, Buffer.of(0xff))] : []))), // basic constraints
    ...(alternatives.length > 0 ? [extension('551d11', sequence(...alternatives))] : []),
  ]
  const signed = sequence(
    der(0xa0, integer(Buffer.of(2))), // version 3
    integer(Buffer.of(1, ...randomBytes(8))),
    algorithm,
    commonName(contents.issuer),
    sequence(time(new Date(notAfter.getTime() - 2 * day)), time(notAfter)),
    commonName(contents.subject),
    contents.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
  const signature = sign('sha256', signed, contents.signWith)
  return sequence(signed, algorithm, der(0x03, Buffer.of(0), signature))
}

const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

function pem(cert: Buffer, key: KeyObject): Identity {
  const lines = cert
    .toString('base64')
    .match(/.{1,64}/g)!
    .join('\n')
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}

const sequence = (...parts: Buffer[]) => der(0x30, ...parts)
const integer = (bytes: Buffer) => der(0x02, bytes)
const objectId = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const extension = (id: string, value: Buffer) => sequence(objectId(id), der(0x04, value))
const commonName = (name: string) =>
  sequence(der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from(name)))))
/** GeneralizedTime, YYYYMMDDHHMMSSZ. */
const time = (date: Date) => der(0x18, Buffer.from(`${date.toISOString().replace(/\D/g, '').slice(0, 14)}Z`))
