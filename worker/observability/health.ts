// The container's health: /livez (the process runs), /readyz (whether it can do its work and how well, with the reason),
// /metrics.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Degradation } from './degradation.ts'
import type { Answering } from './health-port.ts'
import type { Exposition } from './metrics.ts'

/** Why this listener cannot work at the moment; null = it can. */
export type ReadinessCheck = () => string | null

/** Why only a restart helps; null = nothing speaks for one. */
export type LivenessCheck = () => Promise<string | null>

export class Health implements Answering {
  readonly #checks: ReadinessCheck[] = []
  readonly #livenessChecks: LivenessCheck[] = []
  readonly #degradations: Degradation[] = []
  readonly #exposition: (accept?: string) => Promise<Exposition>

  constructor(exposition: (accept?: string) => Promise<Exposition>) {
    this.#exposition = exposition
  }

  /** The first check that finds something is the answer of /readyz. */
  addCheck(check: ReadinessCheck): void {
    this.#checks.push(check)
  }

  /** The first check that finds something is the answer of /livez. */
  addLivenessCheck(check: LivenessCheck): void {
    this.#livenessChecks.push(check)
  }

  /** It is told on /readyz, and changes nothing about the status: the listener delivers. */
  addDegradation(degradation: Degradation): void {
    this.#degradations.push(degradation)
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    void this.#answer(request, response)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = (status: number, body: string, type = 'text/plain; charset=utf-8') =>
      void response.writeHead(status, { 'content-type': type }).end(body)
    const path = request.url?.split('?')[0]
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return answer(405, 'only GET is answered here\n')
    if (path === '/livez') {
      const reason = await this.#stuck()
      return reason === null ? answer(200, 'alive\n') : answer(503, `${reason}\n`)
    }
    if (path === '/readyz') {
      const reason = this.trouble()
      return reason === null ? answer(200, `${this.#readiness()}\n`) : answer(503, `${reason}\n`)
    }
    if (path === '/metrics') {
      const { type, text } = await this.#exposition(request.headers.accept)
      return answer(200, text, type)
    }
    return answer(404, 'expected /livez, /readyz or /metrics\n')
  }

  async #stuck(): Promise<string | null> {
    for (const check of this.#livenessChecks) {
      const reason = await check()
      if (reason !== null) return reason
    }
    return null
  }

  #readiness(): string {
    const degraded = this.#degradations.flatMap(({ description }) => description ?? [])
    return degraded.length === 0 ? 'ready' : `ready, but ${degraded.join('; ')}`
  }

  /** What the checks find; null = nothing. */
  trouble(): string | null {
    for (const check of this.#checks) {
      const reason = check()
      if (reason !== null) return reason
    }
    return null
  }
}
