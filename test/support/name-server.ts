// A DNS server on loopback with answers from the test; UDP only (RFC 1035).
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { atEnd } from './cleanup.ts'

/** The addresses of a name; [] = no such name; null = no answer; a string = an alias for that name; a number = an error code. */
export type Answer = (name: string) => string[] | null | string | number

const typeA = 1
const noSuchName = 3

export async function startNameServer(answer: Answer): Promise<{ server: string; asked: string[] }> {
  const socket = createSocket('udp4')
  const asked: string[] = []
  socket.on('message', (query, peer) => {
    const { name, type, end } = readQuestion(query)
    asked.push(name)
    const addresses = answer(name)
    if (addresses === null) return
    const records =
      typeof addresses === 'string'
        ? [alias(addresses)]
        : typeof addresses === 'number'
          ? []
          : addresses.map(address)
    const code = typeof addresses === 'number' ? addresses : records.length > 0 ? 0 : noSuchName
    const wanted = type === typeA || typeof addresses === 'string'
    socket.send(reply(query, end, wanted ? records : [], code), peer.port, peer.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  atEnd(() => new Promise<void>(resolve => socket.close(resolve)))
  return { server: `127.0.0.1:${socket.address().port}`, asked }
}

function readQuestion(query: Buffer) {
  const labels: string[] = []
  let at = 12
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('ascii', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 }
}

function reply(query: Buffer, questionEnd: number, records: Buffer[], code: number): Buffer {
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2) // the same id
  header.writeUInt16BE(0x8180 + code, 2) // a response
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(records.length, 6)
  return Buffer.concat([header, query.subarray(12, questionEnd), ...records])
}

/** A record for the question's name: type, class IN, time to live 0, data. */
const record = (type: number, data: Buffer) =>
  Buffer.concat([Buffer.of(0xc0, 0x0c, 0, type, 0, 1, 0, 0, 0, 0, 0, data.length), data])
const address = (text: string) => record(typeA, Buffer.from(text.split('.').map(Number)))
const alias = (name: string) =>
  record(
    5,
    Buffer.concat([
      ...name.split('.').map(label => Buffer.from(`${String.fromCharCode(label.length)}${label}`)),
      Buffer.of(0),
    ]),
  )
