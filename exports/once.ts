// `outbox/once`: for receivers. Drops repeats of a webhook in the store that they have.
export {
  markInPostgres,
  type Once,
  onceInPostgres,
  type PostgresClient,
  type PostgresPool,
} from '../receivers/once-postgres.ts'
export { onceInRedis, type RedisCommand, type RedisOptions } from '../receivers/once-redis.ts'
export { type D1, onceInD1, onceInSqlite, type SqliteDatabase } from '../receivers/once-sqlite.ts'
