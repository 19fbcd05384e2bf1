// A listener that cannot use its database says in its log and on /readyz what the cause is and what to do, and goes on
// trying: the database may come later. It never prints the connection string.
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../dev/ports.ts'
import { startBlackHole } from '../support/black-hole.ts'
import { eventually } from '../support/eventually.ts'
import { startListenerProcess } from '../support/listener-process.ts'
import { connectTo, startServer, type TestServer, temporaryDirectory } from '../support/server.ts'

let server: TestServer
/** Each rule for a role of its own. */
const rules = `
host all postgres 127.0.0.1/32 trust
host all locked 127.0.0.1/32 scram-sha-256
hostssl all secure 127.0.0.1/32 trust
host all stranger 127.0.0.1/32 trust
`

beforeAll(async () => {
  const file = join(temporaryDirectory(), 'pg_hba.conf')
  writeFileSync(file, rules)
  chmodSync(file, 0o644)
  server = await startServer({ settings: { hba_file: file } })
  const admin = await connectTo(server.databaseUrl)
  await admin.query(
    `create role locked login password 'right'; create role secure login; create role stranger login`,
  )
  await admin.query(`create database bare template template0`)
})

const onServer = (user: string, database = 'migrated', parameters = '') =>
  `postgresql://${user}@127.0.0.1:${server.port}/${database}${parameters}`

describe('a listener', () => {
  test.each<[string, () => string | Promise<string>, string, string]>([
    [
      'whose server is not there',
      async () => `postgresql://u:CANARY@127.0.0.1:${await freePort()}/app`,
      'nothing accepts connections at its address',
      'start Postgres',
    ],
    [
      'whose host is unknown',
      () => 'postgresql://u:CANARY@nowhere.invalid/app',
      'its host name cannot be resolved',
      'check the host in DATABASE_URL_UNPOOLED',
    ],
    [
      'whose server swallows packets',
      async () => `postgresql://u:CANARY@127.0.0.1:${await startBlackHole()}/app`,
      'it does not answer',
      'the firewalls on the way',
    ],
    [
      'with a wrong password',
      () => onServer('locked:CANARY'),
      'it refuses the user or the password',
      'check both',
    ],
    [
      'without a password',
      () => onServer('locked'),
      'it demands a password',
      'add one to DATABASE_URL_UNPOOLED',
    ],
    [
      'without TLS where it is demanded',
      () => onServer('secure:CANARY'),
      'without TLS',
      'add sslmode=require',
    ],
    [
      'with TLS where there is none',
      () => onServer('postgres:CANARY', 'migrated', '?sslmode=require'),
      'it does not speak TLS',
      'remove sslmode',
    ],
    [
      'whose database does not exist',
      () => onServer('postgres:CANARY', 'nothing'),
      'the server has no such database',
      'or create it',
    ],
    [
      'whose database is not migrated',
      () => onServer('postgres:CANARY', 'bare'),
      'the schema outbox is not in this database',
      'run `outbox migrate`',
    ],
    [
      'whose role has no rights',
      () => onServer('stranger:CANARY'),
      'the user lacks rights in the schema outbox',
      'make it a member of outbox_listener',
    ],
  ])(
    '%s goes on trying, and names the cause and the remedy without the connection string',
    async (_, urlOf, cause, remedy) => {
      const url = await urlOf()
      const listener = await startListenerProcess(url, {}, { says: '"problem":' })
      const { level, msg, problem } = listener
        .said()
        .split('\n')
        .filter(line => line.includes('"problem":'))
        .map(line => JSON.parse(line))[0]
      expect({ level, msg }).toEqual({ level: 40, msg: 'cannot use the database, connecting again' })
      expect(problem).toContain(cause)
      expect(problem).toContain(remedy)
      await eventually(async () => {
        const answer = await listener.ask('/readyz')
        expect([answer.status, await answer.text()]).toEqual([503, `cannot use the database: ${problem}\n`])
      })
      expect(listener.said()).not.toMatch(/CANARY|postgresql:| {4}at /)
    },
  )
})
