// What every statement is sent with: the session as the statements expect it, and the caller's name and trace, so that the
// events it makes carry both to the receiver.
import { isTraceparent } from '../../delivery/context.ts'
import { toHex } from '../../delivery/hex.ts'
import { expectedSettings, setStatement } from '../../drizzle/session-settings.ts'
import type { Driver } from './idempotent-statements.ts'

export interface RequestContext {
  /** The API key's name; empty where a route needs no key. */
  readonly actor: string
  readonly traceparent: string
}

/** For what nobody asked for: the cron function, and requests that only read. */
const nobody: RequestContext = { actor: '', traceparent: '' }

/** Our own span in the caller's trace. A header that is no traceparent begins a new trace, not sampled yet. */
export function continueTrace(header = ''): string {
  const [, trace, , flags] = isTraceparent(header) ? header.split('-') : []
  return `00-${trace ?? randomHex(16)}-${randomHex(8)}-${flags ?? '00'}`
}

interface Session {
  readonly context: RequestContext | null
  /** Nobody waits for a statement any longer. */
  readonly deadlineSeconds: number
}

/**
 * Neon's driver, sending each statement behind one that prepares the session: one batch, so still one round trip. Nothing
 * could be prepared beforehand, because over HTTP each statement may meet another connection.
 */
export function inSession(driver: Driver, { context, deadlineSeconds }: Session): Driver {
  const { actor, traceparent } = context ?? nobody
  const prepareSession = () => driver.query(prepare, [`${deadlineSeconds * 1000}ms`, actor, traceparent])
  const query = (text: string, parameters?: unknown[], options?: object) => {
    const statement = driver.query(text, parameters, options)
    const alone = () =>
      driver.transaction([prepareSession(), driver.query(text, parameters, options)], {
        ...options,
        ...isolation,
      })
    // Sent when it is awaited, like the driver's own: until then it may become part of another batch.
    // biome-ignore lint/suspicious/noThenProperty: that is how the driver's promise is lazy
    statement.then = (done, failed) =>
      alone()
        .then(([, answer]) => answer as never)
        .then(done, failed)
    return statement
  }
  const transaction: Driver['transaction'] = async (statements, options) => {
    const batch = [prepareSession(), ...(statements as [])]
    const [, ...answers] = await driver.transaction(batch, { ...options, ...isolation })
    return answers as never
  }
  return { query: query as Driver['query'], transaction }
}

/** Said each time, because default_transaction_isolation may be another. */
const isolation = { isolationLevel: 'ReadCommitted' } as const

/** Also the time that a statement may take: the database's own limit may be shorter than ours, or none. */
const prepare = `
  select pg_catalog.set_config('statement_timeout', $1, true),
         pg_catalog.set_config('outbox.actor', $2, true),
         pg_catalog.set_config('outbox.traceparent', $3, true),
         (${setStatement(expectedSettings, { until: 'end of transaction' })})`

const randomHex = (bytes: number) => toHex(crypto.getRandomValues(new Uint8Array(bytes)))
