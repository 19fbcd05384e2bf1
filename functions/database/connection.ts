// What each driver offers: Neon's two functions, and an end.
import type { Driver } from '../http/idempotent-statements.ts'

export interface Connection {
  readonly driver: Driver
  close(): Promise<void>
}

/** A statement failed, or nothing came back. The message is Postgres's, and may carry parameters. */
export class DriverError extends Error {
  /** The SQLSTATE; undefined: no answer came. */
  readonly code: string | undefined
  /** Why no answer came, as the network calls it: ECONNREFUSED. */
  readonly reason: string | null
  constructor(message: string, code: string | undefined, reason: string | null) {
    super(message)
    this.name = 'DriverError'
    this.code = code
    this.reason = reason
  }
}
