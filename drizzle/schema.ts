// Everything the product keeps in the database: the schema `outbox`. The example has its own file, drizzle/shop/schema.ts.
export * from './schema/api.ts'
export * from './schema/audit.ts'
export * from './schema/history.ts'
export * from './schema/migrations.ts'
export * from './schema/outbox.ts'
export * from './schema/partitions.ts'
export * from './schema/senders.ts'
