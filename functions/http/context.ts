// The caller's name and trace, set for the transaction that writes, so that its events carry both to the receiver.
import { isTraceparent } from '../../delivery/context.ts'
import { toHex } from '../../delivery/hex.ts'
import type { Driver } from './idempotent-statements.ts'

export interface RequestContext {
  /** The API key's name; empty where a route needs no key. */
  readonly actor: string
  readonly traceparent: string
}

/** Our own span in the caller's trace. A header that is no traceparent begins a new trace, not sampled yet. */
export function continueTrace(header = ''): string {
  const [, trace, , flags] = isTraceparent(header) ? header.split('-') : []
  return `00-${trace ?? randomHex(16)}-${randomHex(8)}-${flags ?? '00'}`
}

/** Neon's driver, sending each statement behind one that sets the context: one batch, so still one round trip. */
export function inContext(driver: Driver, { actor, traceparent }: RequestContext): Driver {
  const setContext = () => driver.query(set, [actor, traceparent])
  const query = (text: string, parameters?: unknown[], options?: object) => {
    const statement = driver.query(text, parameters, options)
    const alone = () => driver.transaction([setContext(), driver.query(text, parameters, options)], options)
    // Sent when it is awaited, like the driver's own: until then it may become part of another batch.
    // biome-ignore lint/suspicious/noThenProperty: that is how the driver's promise is lazy
    statement.then = (done, failed) =>
      alone()
        .then(([, answer]) => answer as never)
        .then(done, failed)
    return statement
  }
  const transaction: Driver['transaction'] = async (statements, options) => {
    const [, ...answers] = await driver.transaction([setContext(), ...(statements as [])], options)
    return answers as never
  }
  return { query: query as Driver['query'], transaction }
}

const set = `select set_config('outbox.actor', $1, true), set_config('outbox.traceparent', $2, true)`

const randomHex = (bytes: number) => toHex(crypto.getRandomValues(new Uint8Array(bytes)))
