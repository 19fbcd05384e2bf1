// The port that is asked for health and metrics. It outlives what answers there: a listener that sleeps is asked too, and woken
// with POST /wake.
import { timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SettingsError } from '../../delivery/settings.ts'
import type { Part } from '../parts/part.ts'
import type { ListenerSettings } from '../settings.ts'

export interface Answering {
  answer(request: IncomingMessage, response: ServerResponse): void
}

export class HealthPort implements Part {
  readonly #settings: Settings
  readonly #onRing: () => void
  readonly #server: Server
  #answering: Answering | null = null

  constructor(settings: Settings, onRing: () => void) {
    this.#settings = settings
    this.#onRing = onRing
    this.#server = createServer((request, response) => {
      if (request.method === 'POST' && request.url === '/wake') this.#answerRing(request, response)
      else if (this.#answering) this.#answering.answer(request, response)
      else plain(response, 503, 'starting')
    })
  }

  #answerRing({ headers }: IncomingMessage, response: ServerResponse): void {
    const { wakeToken } = this.#settings
    if (wakeToken === null) plain(response, 404, 'set OUTBOX_WAKE_TOKEN to be woken here')
    else if (!isSame(headers.authorization ?? '', `Bearer ${wakeToken}`))
      plain(response, 401, 'no valid token')
    else {
      this.#onRing()
      plain(response, 202, 'heard')
    }
  }

  /** From now on it answers. */
  show(answering: Answering): void {
    this.#answering = answering
  }

  /** Once started. */
  get number(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? this.#settings.healthPort
  }

  async start(): Promise<void> {
    const { healthPort, healthHost } = this.#settings
    // Without an address Node takes every one, and does without IPv6 where there is none. 0 = a port that is free.
    this.#server.listen(healthPort, healthHost === '::' ? undefined : healthHost)
    await once(this.#server, 'listening').catch(error => {
      throw unavailable(this.#settings, error as NodeJS.ErrnoException)
    })
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

type Settings = Pick<ListenerSettings, 'healthPort' | 'healthHost' | 'wakeToken'>

const plain = (response: ServerResponse, status: number, text: string) =>
  void response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`)

/** Says nothing by how long it takes, but for the length. */
function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}

function unavailable({ healthPort, healthHost }: Settings, { code }: NodeJS.ErrnoException): Error {
  const remedies: Record<string, string> = {
    EADDRINUSE:
      'another process does, perhaps another listener. Stop it, or set another port; 0 takes a free one.',
    EACCES: 'this user may not use that port. Set one above 1023.',
    EADDRNOTAVAIL: noSuchAddress,
    ENOTFOUND: noSuchAddress,
  }
  const remedy = remedies[code ?? ''] ?? 'set another port; 0 takes a free one.'
  return new SettingsError(
    `OUTBOX_HEALTH_PORT is ${healthPort}, and the listener cannot listen there on ${healthHost} (${code}): ${remedy}`,
  )
}

const noSuchAddress =
  'this machine has no such address. Set OUTBOX_HEALTH_HOST to one of its own, or to :: for every one.'
