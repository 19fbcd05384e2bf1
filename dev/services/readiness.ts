// Whether a listener is ready. Asked without fetch, which follows proxies from the environment even to this machine.
import { Agent, get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

/** null = it is ready; otherwise why it is not. */
export async function whyNotReady(healthPort: number): Promise<string | null> {
  const agent = new Agent()
  try {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    get({ host: '127.0.0.1', port: healthPort, path: '/readyz', agent }, resolve).on('error', reject)
    const answer = await promise
    const reason = await text(answer)
    return answer.statusCode === 200 ? null : reason.trim()
  } catch (error) {
    return `its health port does not answer (${(error as NodeJS.ErrnoException).code ?? 'no reason'})`
  } finally {
    agent.destroy()
  }
}
