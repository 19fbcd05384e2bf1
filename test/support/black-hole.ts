// An address that does not even accept connections: its process is stopped and its queue is full, so the kernel drops
// packets. On Linux nothing else does this without privileges.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { atEnd } from './cleanup.ts'

/** Returns the port. */
export async function startBlackHole(host = '127.0.0.1', port = 0): Promise<number> {
  const program = `const s = require('net').createServer().listen({ host: '${host}', port: ${port}, backlog: 1 }, () => console.log(s.address().port))`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  atEnd(() => child.kill('SIGKILL'))
  const [line] = await once(child.stdout, 'data')
  child.kill('SIGSTOP')
  const taken = Number(String(line))
  while (await connects(host, taken));
  return taken
}

async function connects(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port }).on('error', () => {})
  atEnd(() => socket.destroy())
  const signal = AbortSignal.timeout(500)
  return once(socket, 'connect', { signal }).then(
    () => true,
    () => false,
  )
}
