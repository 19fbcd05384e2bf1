// A database role that cannot log in, dropped at the end.
import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { atEnd } from './cleanup.ts'

export async function createRole(db: pg.Client, kind: string): Promise<string> {
  const name = `${kind}_${randomUUID().slice(0, 8)}`
  await db.query(`create role ${name}`)
  atEnd(() => db.query(`reset role; drop owned by ${name} cascade; drop role ${name}`))
  return name
}
