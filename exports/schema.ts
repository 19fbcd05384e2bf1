// `outbox/schema`: the tables for Drizzle, to read from. Change them through SQL functions and the API only.
export * from '../drizzle/schema.ts'
