// One signed POST with Outbox's own signature and undici's fastest call. The job queues send it.
import { Agent, request } from 'undici'
import { webhookBody } from '../delivery/body.ts'
import { parseSecret } from '../delivery/keys.ts'
import { signedHeaders } from '../delivery/signature.ts'
import { hmacSigner } from '../worker/send/signers.ts'
import { eventType, inFlight, type Job } from './event.ts'

const agent = new Agent({ connections: inFlight, pipelining: 1 })
const secret = await parseSecret(process.env.BENCH_SECRET!)
const signers = [hmacSigner(secret!.bytes)]

/** Throws unless the answer is a 2xx: retrying is the caller's part. */
export async function post(id: string, { endpoint, timestamp, data }: Job): Promise<void> {
  const body = webhookBody({ type: eventType(endpoint), timestamp, data: JSON.stringify(data) })
  const headers = {
    'content-type': 'application/json',
    ...(await signedHeaders(id, Math.floor(Date.now() / 1000), body, signers)),
  }
  const url = `${process.env.RECEIVER_URL}/e/${endpoint}`
  const answer = await request(url, { method: 'POST', headers, body, dispatcher: agent })
  await answer.body.dump()
  if (answer.statusCode >= 300) throw new Error(`status ${answer.statusCode}`)
}
