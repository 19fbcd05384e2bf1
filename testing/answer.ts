// How a receiver answers, or fails to.
import type { ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'

/**
 * A status, after a while if `lateMs` says so. hang: never an answer, until the sender gives up. reset: the connection is cut
 * after the request has come.
 */
export type Answer =
  | {
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly lateMs?: number
    }
  | 'hang'
  | 'reset'

export async function answerWith(answer: Answer, response: ServerResponse): Promise<void> {
  if (answer === 'hang') return
  if (answer === 'reset') return void response.socket?.resetAndDestroy()
  if (answer.lateMs) await wait(answer.lateMs)
  response.writeHead(answer.status, answer.headers).end()
}

export const isSuccess = (answer: Answer) =>
  typeof answer === 'object' && answer.status >= 200 && answer.status < 300
