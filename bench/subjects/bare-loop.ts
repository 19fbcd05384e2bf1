// The upper limit: signed POSTs in a loop, as many as one Node process can send. Without a database, nothing survives a crash.
import { join } from 'node:path'
import { monotonicMs } from '../clock.ts'
import { inFlight, job } from '../event.ts'
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
  const { post } = await import('../post.ts')
  const endpoints = Number(process.env.ENDPOINTS)
  let n = 0
  const sendUntil = async (end: number) => {
    const loop = async () => {
      while (n < end) {
        const mine = n++
        await post(`evt_${mine}`, job(mine, mine % endpoints))
      }
    }
    await Promise.all(Array.from({ length: inFlight }, loop))
  }
  console.log('ready')
  await sendUntil(warmUp)
  const start = monotonicMs()
  await sendUntil(warmUp + Number(process.env.COUNT))
  console.log(`took ${(monotonicMs() - start) / 1000}`)
  setInterval(() => {}, 1000) // until SIGTERM
}
