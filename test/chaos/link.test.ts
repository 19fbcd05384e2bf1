// The link that the fault lab puts between a replica and its database does to real connections what it says.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { Link } from '../../chaos/link.ts'
import { atEnd } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'

test('what is sent into a black hole arrives when it is gone, whole and in order', async () => {
  const { link, dial, goAround, heard } = await scene()
  const client = dial()
  const end = link.set({ kind: 'black hole' })
  client.write('one ')
  const other = dial()
  other.write('two ')
  const direct = goAround()
  await once(direct, 'data')
  expect(heard()).toBe('around ')
  end()
  await eventually(() => expect(heard()).toMatch(/one two |two one /))
})

test('what was delayed is not overtaken by what is delayed less', async () => {
  const { link, dial, heard } = await scene()
  const client = dial()
  const words = Array.from({ length: 40 }, (_, i) => `${i} `)
  for (const [i, word] of words.entries()) {
    link.set({ kind: 'delay', ms: 2 * (words.length - i) })
    await new Promise(resolve => client.write(word, resolve))
    await new Promise(resolve => setImmediate(resolve))
  }
  link.clear()
  await eventually(() => expect(heard()).toBe(words.join('')))
})

test('a connection that was half-open, or lost replies, is never used again, and new ones are fine', async () => {
  const { link, dial, heard } = await scene()
  for (const kind of ['half-open', 'lost replies'] as const) {
    const before = dial()
    before.write('before ')
    await eventually(() => heard().includes('before'))
    await once(before, 'data')
    const end = link.set({ kind })
    before.write('lost ')
    if (kind === 'lost replies') await eventually(() => heard().includes('lost'))
    else {
      dial().write('new ')
      await eventually(() => heard().includes('new'))
    }
    end()
    await eventually(() => before.destroyed)
  }
})

async function scene() {
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
    heard: () => text,
    dial: () => dial(link.port),
    /** Past the link. */
    goAround() {
      const socket = dial((server.address() as AddressInfo).port)
      socket.write('around ')
      return socket
    },
  }
}
