// The upper limit: signed POSTs in a loop, as many as one Node process can send, with the listener's own transport: we know
// of none that costs less. Without a database, nothing survives a crash.
import { join } from 'node:path'
import { parseCidr } from '../../delivery/address.ts'
import { webhookBody } from '../../delivery/body.ts'
import { parseSecret } from '../../delivery/keys.ts'
import { SendError } from '../../delivery/send.ts'
import { sign } from '../../delivery/signature.ts'
import { hmacSigner } from '../../worker/send/signers.ts'
import { createTransport } from '../../worker/send/transport.ts'
import { monotonicMs } from '../clock.ts'
import { eventType, inFlight, job } from '../event.ts'
import { startProcess } from '../process.ts'
import type { Subject } from './subject.ts'

const file = join(import.meta.dirname, 'bare-loop.ts')
const warmUp = 2_000

export const bareLoop: Subject = {
  name: 'bare loop',
  async start({ guard, receiver }, { endpoints }) {
    return {
      async drain(count) {
        await receiver.reset()
        const sender = await startProcess([file], {
          guard,
          env: {
            RECEIVER_URL: receiver.url,
            BENCH_SECRET: receiver.secret,
            COUNT: String(count),
            ENDPOINTS: String(endpoints),
          },
        })
        const seconds = Number(await sender.line('took'))
        await sender.stop()
        await receiver.expectExactly('The bare loop', warmUp + count)
        return seconds
      },
      async stop() {},
    }
  },
}

if (import.meta.main) {
  const endpoints = Number(process.env.ENDPOINTS)
  const signers = [hmacSigner((await parseSecret(process.env.BENCH_SECRET!))!.bytes)]
  const transport = createTransport({ allowHttp: true, privateNetworks: [parseCidr('127.0.0.0/8')!] })
  const post = (n: number, onOk: () => void) => {
    const { endpoint, timestamp, data } = job(n, n % endpoints)
    const id = `evt_${n}`
    const body = webhookBody({ type: eventType(endpoint), timestamp, data: JSON.stringify(data) })
    const seconds = String(Math.floor(Date.now() / 1000))
    const headers = [
      'content-type',
      'application/json',
      'webhook-id',
      id,
      'webhook-timestamp',
      seconds,
      'webhook-signature',
      sign(id, seconds, body, signers) as string,
    ]
    const url = `${process.env.RECEIVER_URL}/e/${endpoint}`
    transport.send({ url, headers, body }, 15, seen => {
      if (seen instanceof SendError || seen.status >= 300) throw new Error('a webhook was not taken')
      onOk()
    })
  }
  let n = 0
  /** Sends up to number `end`, and resolves when all are answered. */
  const sendUntil = (end: number) =>
    new Promise<void>(resolve => {
      let underWay = 0
      const next = () => {
        if (n < end) {
          underWay++
          post(n++, onOk)
        } else if (underWay === 0) resolve()
      }
      const onOk = () => {
        underWay--
        next()
      }
      for (let i = 0; i < inFlight; i++) next()
    })
  console.log('ready')
  await sendUntil(warmUp)
  const start = monotonicMs()
  await sendUntil(warmUp + Number(process.env.COUNT))
  console.log(`took ${(monotonicMs() - start) / 1000}`)
  setInterval(() => {}, 1000) // until SIGTERM
}
