// A hostile name server: rebind.test is the allowed address and the metadata service in turn, meta.test is always the
// metadata service.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'

const forbidden = '169.254.169.254'

export async function startNameServer(allowed: string): Promise<void> {
  let asked = 0
  const server = createSocket('udp4')
  server.on('message', (question, from) => {
    const { name, type, end } = readQuestion(question)
    const address =
      name === 'meta.test' ? forbidden : name === 'rebind.test' ? (asked++ % 2 ? forbidden : allowed) : null
    server.send(answer(question.subarray(0, end), type === 1 ? address : null), from.port, from.address)
  })
  server.bind(53, '127.0.0.1')
  await once(server, 'listening')
}

function readQuestion(message: Buffer) {
  const labels: string[] = []
  let at = 12
  for (let length = message[at]!; length > 0; length = message[at]!) {
    labels.push(message.subarray(at + 1, at + 1 + length).toString())
    at += length + 1
  }
  return { name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 }
}

/** The question, and one A record with a time to live of 0. */
function answer(question: Buffer, address: string | null): Buffer {
  const reply = Buffer.from(question)
  reply.writeUInt16BE(0x8180, 2)
  reply.writeUInt16BE(address === null ? 0 : 1, 6)
  reply.writeUInt32BE(0, 8)
  if (address === null) return reply
  const record = [0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]
  return Buffer.concat([reply, Buffer.from(record)])
}
