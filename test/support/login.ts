// A database user with the rights of one of the outbox's roles (docs/roles.md), dropped at the end.
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { atEnd } from './cleanup.ts'

export type Role = 'outbox_functions' | 'outbox_listener' | 'outbox_emitter'

/** Returns a connection string for a new user; null = without any role. */
export async function loginAs(role: Role | null, databaseUrl: string): Promise<string> {
  return (await createLogin(databaseUrl, role ? `in role ${role}` : '')).url
}

/** `options` are those of CREATE ROLE. */
export async function createLogin(
  databaseUrl: string,
  options: string,
): Promise<{ name: string; url: string }> {
  const name = `login_${randomUUID().replaceAll('-', '')}`
  const admin = new pg.Client({ connectionString: databaseUrl })
  await admin.connect()
  await admin.query(`create role ${name} login password 'secret' ${options}`)
  atEnd(() => admin.end())
  atEnd(() => admin.query(`drop owned by ${name} cascade; drop role ${name}`))
  const login = new URL(databaseUrl)
  login.username = name
  login.password = 'secret'
  return { name, url: login.href }
}
