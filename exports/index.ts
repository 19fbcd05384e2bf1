// `outbox`: events and captured tables, from your own code and migrations.
export { type Executor, emit, type NewEvent } from '../drizzle/emit.ts'
export { type Operation, unwatch, type WatchOptions, watch } from '../drizzle/watch.ts'
