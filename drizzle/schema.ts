// Everything the database holds: the shop (the example) and the outbox (the product).
export * from './schema/api.ts'
export * from './schema/audit.ts'
export * from './schema/outbox.ts'
export * from './schema/watches.ts'
export * from './shop/schema.ts'
