// Stands between the functions and Neon's proxy, and breaks statements: before they reach the database, or behind it.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { inject } from 'vitest'
import { atEnd } from './cleanup.ts'

export interface SqlProxy {
  readonly url: string
  /** The next statement whose text has these words in it fails: without having run, or although it has. */
  breakNext(words: string, when: 'before' | 'after'): void
  /** How many were broken. */
  readonly broken: number
  /** How many came. */
  readonly statements: number
}

export async function startSqlProxy(): Promise<SqlProxy> {
  const plan: { words: string; when: 'before' | 'after' }[] = []
  let broken = 0
  let statements = 0
  const server = createServer(async (request, response) => {
    statements++
    const body = await buffer(request)
    const at = plan.findIndex(({ words }) => body.includes(words))
    const [fault] = at < 0 ? [] : plan.splice(at, 1)
    if (fault) broken++
    if (fault?.when === 'before') return request.socket.destroy()
    const headers = Object.entries(request.headers).filter(
      ([name]) => !/^(host|connection|content-length)$/.test(name),
    )
    const answer = await fetch(new URL(request.url!, inject('proxyUrl')), {
      method: 'POST',
      headers: headers as [string, string][],
      body,
    })
    const text = await answer.text()
    if (fault) return request.socket.destroy()
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    breakNext: (words, when) => void plan.push({ words, when }),
    get broken() {
      return broken
    },
    get statements() {
      return statements
    },
  }
}
