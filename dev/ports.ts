// Ports of this machine. They stay below 32768: above, outgoing connections may occupy them for a while.
import { once } from 'node:events'
import { createServer } from 'node:net'

export async function isPortFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}

/** For programs that can't choose a port themselves. Random, so that parallel runs rarely choose the same. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (await isPortFree(port)) return port
  }
}
