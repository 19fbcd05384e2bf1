// A process with receivers that behave badly: `/hang`, `/drip-body`, `/reset`, `/status/500`, `/flood`.
import { hostile } from '../test/support/hostile.ts'
import { startReceiver } from '../test/support/receiver.ts'

await startReceiver(hostile, { port: Number(process.env.PORT) })
console.log('ready')
