// A database user who may only do what a role of ours may, as docs/roles.md says; gone at the end.
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { atEnd } from './cleanup.ts'

export type Role = 'outbox_functions' | 'outbox_listener'

/** A connection string for a new user; null = a member of nothing. */
export async function loginAs(role: Role | null, databaseUrl: string): Promise<string> {
  const name = `login_${randomUUID().replaceAll('-', '')}`
  const admin = new pg.Client({ connectionString: databaseUrl })
  await admin.connect()
  await admin.query(`create role ${name} login password 'secret' ${role ? `in role ${role}` : ''}`)
  atEnd(() => admin.end())
  atEnd(() => admin.query(`drop owned by ${name} cascade; drop role ${name}`))
  const login = new URL(databaseUrl)
  login.username = name
  login.password = 'secret'
  return login.href
}
