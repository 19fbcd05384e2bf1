// A DNS server on loopback whose answers a test decides; UDP only (RFC 1035).
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { atEnd } from './cleanup.ts'

/** The addresses of a name; [] = no such name; null = silence. */
export type Answer = (name: string) => string[] | null

const typeA = 1

export async function startNameServer(answer: Answer): Promise<{ server: string; asked: string[] }> {
  const socket = createSocket('udp4')
  const asked: string[] = []
  socket.on('message', (query, peer) => {
    const { name, type, end } = readQuestion(query)
    asked.push(name)
    const addresses = answer(name)
    if (addresses === null) return
    socket.send(
      reply(query, end, type === typeA ? addresses : [], addresses.length > 0),
      peer.port,
      peer.address,
    )
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

function reply(query: Buffer, questionEnd: number, addresses: string[], exists: boolean): Buffer {
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2) // the same id
  header.writeUInt16BE(exists ? 0x8180 : 0x8183, 2) // a response; 3 = no such name
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(addresses.length, 6)
  const answers = addresses.map(address =>
    // the name of the question, A, IN, time to live 0, four bytes
    Buffer.of(0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)),
  )
  return Buffer.concat([header, query.subarray(12, questionEnd), ...answers])
}
