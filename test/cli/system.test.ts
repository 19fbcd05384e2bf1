// `outbox system`, and what `status` and `doctor` say where nothing is sent because the database may be a copy.
import { expect, test } from 'vitest'
import { heldSentences } from '../../drizzle/identity.ts'
import { freshDatabase } from '../support/database.ts'
import { emit } from '../support/outbox.ts'
import { testSettings } from '../support/settings.ts'
import { outbox } from './command.ts'

async function setUp() {
  const db = await freshDatabase()
  const client = await db.connect()
  const options = { env: { ...testSettings, DATABASE_URL_UNPOOLED: db.url } }
  await client.query(`select outbox.identify('db:5432', 'listener-a')`)
  return { client, run: (...args: string[]) => outbox(args, options) }
}
const makeCopy = `update outbox.identity set facts = '{"system": "1", "database": "2"}'`

test('status, doctor and system show say that a copy is held', async () => {
  const { client, run } = await setUp()
  await client.query(makeCopy)
  expect(run('status').stdout).toContain(`held        ${heldSentences.copy}`)
  expect(run('doctor').stdout).toContain(`fail\tidentity\t${heldSentences.copy}`)
  const shown = run('system', 'show').stdout
  expect(shown).toContain(`state     held. ${heldSentences.copy}`)
  expect(shown).toContain('sent from system 1, database 2, reached at db:5432')
})

test('of the database that sends they do not', async () => {
  const { run } = await setUp()
  expect(run('status').stdout).not.toContain('held')
  expect(run('doctor').stdout).toMatch(/^ok\tidentity\t/m)
  expect(run('system', 'show').stdout).toMatch(/^state +bound$/m)
})

test('adopt says what it does, wants --yes where nobody can answer, and then does it', async () => {
  const { client, run } = await setUp()
  await client.query(`insert into outbox.endpoints (url) values ('https://a.example')`)
  await emit(client, 2)
  await client.query(makeCopy)
  const refused = run('system', 'adopt', '--as', 'new')
  expect(refused.exitCode).toBe(5)
  expect(refused.stderr).toContain('What waits in this database is canceled, and every endpoint is paused.')
  expect(run('status').stdout).toContain('held')
  const adopted = run('system', 'adopt', '--as', 'new', '--yes')
  expect(adopted.exitCode, adopted.stderr).toBe(0)
  expect(adopted.stdout).toBe('adopted as new; canceled 2, paused 1 endpoint\n')
  expect(run('status').stdout).not.toContain('held')
  const { rows } = await client.query('select who, action from outbox.audit')
  expect(rows).toEqual([{ who: 'outbox-cli', action: 'system.adopted' }])
})

test('adopt refuses what is not held', async () => {
  const { run } = await setUp()
  const { exitCode, stderr } = run('system', 'adopt', '--as', 'new', '--yes')
  expect(exitCode).toBe(5)
  expect(stderr).toContain('Nothing is held')
})
