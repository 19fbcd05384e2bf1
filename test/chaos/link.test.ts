// The link of a chaos run, between a listener and its database, on real connections.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { Link } from '../../chaos/link.ts'
import { atEnd } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'

test('bytes sent into a black hole arrive complete and in order after it', async () => {
  const { link, dial, goAround, received } = await startLink()
  const client = dial()
  const end = link.set({ kind: 'black hole' })
  client.write('one ')
  const other = dial()
  other.write('two ')
  const direct = goAround()
  await once(direct, 'data')
  expect(received()).toBe('around ')
  end()
  await eventually(() => expect(received()).toMatch(/one two |two one /))
})

test('a chunk does not overtake an earlier one with a longer delay', async () => {
  const { link, dial, received } = await startLink()
  const client = dial()
  const words = Array.from({ length: 40 }, (_, i) => `${i} `)
  for (const [i, word] of words.entries()) {
    link.set({ kind: 'delay', ms: 2 * (words.length - i) })
    await new Promise(resolve => client.write(word, resolve))
    await new Promise(resolve => setImmediate(resolve))
  }
  link.clear()
  await eventually(() => expect(received()).toBe(words.join('')))
})

test('a connection that was half-open or lost replies is reset, while new ones work', async () => {
  const { link, dial, received } = await startLink()
  for (const kind of ['half-open', 'lost replies'] as const) {
    const before = dial()
    before.write('before ')
    await eventually(() => received().includes('before'))
    await once(before, 'data')
    const end = link.set({ kind })
    before.write('lost ')
    if (kind === 'lost replies') await eventually(() => received().includes('lost'))
    else {
      dial().write('new ')
      await eventually(() => received().includes('new'))
    }
    end()
    await eventually(() => before.destroyed)
  }
})

async function startLink() {
  let text = ''
  const sockets: Socket[] = []
  const server = createServer(socket => {
    sockets.push(socket.on('error', () => {}))
    socket.setEncoding('utf8').on('data', bytes => {
      text += bytes
      socket.write('heard')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const link = await Link.open((server.address() as AddressInfo).port)
  atEnd(() => {
    for (const socket of sockets) socket.destroy()
    link.close()
    server.close()
  })
  const dial = (port: number) => {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    sockets.push(socket)
    return socket
  }
  return {
    link,
    received: () => text,
    dial: () => dial(link.port),
    /** Past the link. */
    goAround() {
      const socket = dial((server.address() as AddressInfo).port)
      socket.write('around ')
      return socket
    },
  }
}
