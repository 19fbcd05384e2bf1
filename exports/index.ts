// `outbox`: events and captured tables, from your own code and migrations. It imports nothing else, whichever library you use.
export { emit, emitStatement, type NewEvent } from '../drizzle/emit.ts'
export type { Handle, Statement } from '../drizzle/run-statement.ts'
export { type Operation, unwatch, type WatchOptions, watch } from '../drizzle/watch.ts'
