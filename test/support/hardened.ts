// A hardened database: nothing is left to PUBLIC, neither what exists nor what is created later.
import type pg from 'pg'
import { migrate } from '../../dev/migrate.ts'
import { atEnd } from './cleanup.ts'
import { freshDatabase, type TestDatabase } from './database.ts'
import { createLogin } from './login.ts'

export interface HardenedDatabase extends TestDatabase {
  admin: pg.Client
  /** The role that runs the migrations: it owns the database, and is no superuser. */
  ownerUrl: string
  /** A new user that may connect. `roles`: what it is a member of. */
  login(...roles: string[]): Promise<{ name: string; url: string }>
  /** Takes everything from PUBLIC that has come since. */
  harden(): Promise<void>
}

export async function hardenedDatabase(): Promise<HardenedDatabase> {
  const database = await freshDatabase({ empty: true })
  const admin = await database.connect()
  const name = new URL(database.url).pathname.slice(1)
  const owner = await createLogin(database.url, 'createrole')
  await admin.query(`
    alter database ${name} owner to ${owner.name};
    revoke all on database ${name} from public;
    revoke all on schema public from public;
    revoke usage on language sql, plpgsql from public;
    grant usage on language sql, plpgsql to ${owner.name};
    alter default privileges for role ${owner.name} revoke all on functions from public;
    alter default privileges for role ${owner.name} revoke all on types from public`)
  atEnd(() => admin.query(`alter database ${name} owner to current_user`)) // or the owner could not be dropped
  await migrate(owner.url, { example: true })
  const harden = async () => {
    await admin.query(`
      revoke all on database ${name} from public;
      revoke all on schema outbox, public from public;
      revoke all on all tables in schema outbox, public from public;
      revoke all on all sequences in schema outbox, public from public;
      revoke all on all routines in schema outbox, public from public`)
    const { rows } = await admin.query(
      `select oid::regtype::text as type from pg_type
       where typnamespace in ('outbox'::regnamespace, 'public'::regnamespace) and typtype in ('e', 'd')`,
    )
    for (const { type } of rows) await admin.query(`revoke all on type ${type} from public`)
  }
  await harden()
  return {
    ...database,
    admin,
    ownerUrl: owner.url,
    harden,
    async login(...roles) {
      const login = await createLogin(database.url, roles.length > 0 ? `in role ${roles.join()}` : '')
      if (!roles.includes('outbox_functions') && !roles.includes('outbox_listener'))
        await admin.query(`grant connect on database ${name} to ${login.name}`)
      return login
    },
  }
}
