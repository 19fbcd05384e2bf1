// What a person at a terminal sees and types: questions, keys, progress; and that Ctrl-C leaves the terminal as it was.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Api, startApi } from '../functions/api.ts'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { emit, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { temporaryDirectory } from '../support/server.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { hasTerminals, keys, openTerminal } from './terminal.ts'

let api: Api
beforeAll(async () => {
  api = await startApi()
  await startTestListener(api.database.url)
})

const restored = { isRestored: true }

/** A folder of its own, and the API of this file unless `alone`. */
function person({ alone = false } = {}) {
  const home = temporaryDirectory()
  const env = { HOME: home, ...(alone ? {} : { OUTBOX_URL: api.worker.url, OUTBOX_API_KEY: 'dev' }) }
  return {
    home,
    run: (args: readonly string[], more: Record<string, string> = {}) =>
      openTerminal(args, { env: { ...env, ...more }, cwd: home }),
  }
}

describe.skipIf(!hasTerminals)('at a terminal', () => {
  test('`init` asks what is missing, and writes what was answered', async () => {
    const database = await freshDatabase({ empty: true })
    const db = await database.connect()
    await db.query('create table invoices (id int primary key)')
    const { home, run } = person({ alone: true })
    const terminal = run(['init'])
    await terminal.shows('What should run?')
    terminal.type(keys.enter)
    await terminal.shows('The direct connection string of the database?')
    terminal.type(`no url${keys.enter}`)
    await terminal.shows('expected postgresql://')
    terminal.type(`\u0015${database.url}${keys.enter}`)
    await terminal.shows('Which tables should make events?')
    terminal.type(keys.space + keys.enter)
    expect(await terminal.ended()).toEqual({ exitCode: 0, ...restored })
    expect(readFileSync(`${home}/.env`, 'utf8')).toContain(database.url)
    expect(readFileSync(`${home}/outbox/watch.sql`, 'utf8')).toContain('invoices')
  })

  test('Ctrl-C in a question writes nothing', async () => {
    const { home, run } = person({ alone: true })
    const terminal = run(['init'])
    await terminal.shows('What should run?')
    terminal.type(keys.ctrlC)
    expect(await terminal.ended()).toEqual({ exitCode: 130, ...restored })
    expect(terminal.text).toContain('Nothing was written.')
    expect(existsSync(`${home}/.env`)).toBe(false)
  })

  test('`uninstall` asks first, and removes nothing unless it is told to', async () => {
    const database = await freshDatabase()
    const db = await database.connect()
    const answered = async (key: string) => {
      const terminal = person({ alone: true }).run(['uninstall', '--database-url', database.url])
      await terminal.shows('Remove the schema outbox')
      terminal.type(key)
      const ended = await terminal.ended()
      const { rows } = await db.query(`select to_regnamespace('outbox') is not null as "isThere"`)
      return { ...ended, ...rows[0] }
    }
    expect(await answered(keys.ctrlC)).toEqual({ exitCode: 130, isThere: true, ...restored })
    expect(await answered('n')).toEqual({ exitCode: 5, isThere: true, ...restored })
    expect(await answered('y')).toEqual({ exitCode: 0, isThere: false, ...restored })
  })

  test('`login` asks for the key, does not show it, and says when it is wrong', async () => {
    const { home, run } = person()
    const login = ['login', '--name', 'here', '--api', api.worker.url]
    const wrong = run(login, { OUTBOX_API_KEY: '' })
    await wrong.shows('API key')
    wrong.type(`wrong-key${keys.enter}`)
    expect(await wrong.ended()).toEqual({ exitCode: 4, ...restored })
    expect(wrong.text).not.toContain('wrong-key')
    expect(existsSync(`${home}/.config/outbox/config.toml`)).toBe(false)
    const right = run(login, { OUTBOX_API_KEY: '' })
    await right.shows('API key')
    right.type(`dev${keys.enter}`)
    expect(await right.ended()).toEqual({ exitCode: 0, ...restored })
    expect(readFileSync(`${home}/.config/outbox/config.toml`, 'utf8')).toContain(api.worker.url)
  })

  test('`status --watch` writes over itself until Ctrl-C', async () => {
    const terminal = person().run(['status', '--watch', '--interval', '1'])
    await eventually(() => expect(terminal.text.split('delivered ').length).toBeGreaterThan(3))
    terminal.type(keys.ctrlC)
    expect(await terminal.ended()).toEqual({ exitCode: 130, ...restored })
    expect(terminal.raw.split('\u001b[')).toContainEqual(expect.stringMatching(/^\d+A/))
  })

  test('`status --watch` goes on when the server comes back', async () => {
    const { hostname, port } = new URL(api.worker.url)
    const link = await startTcpProxy({ host: hostname, port: Number(port) })
    const address = `http://127.0.0.1:${link.port}`
    const terminal = person().run([
      'status',
      '--watch',
      '--interval',
      '1',
      '--api',
      address,
      '--api-key',
      'dev',
    ])
    await terminal.shows('delivered ')
    link.mode('refuse')
    link.cut()
    await terminal.shows('cannot be reached')
    link.mode('pass')
    const seen = terminal.text.length
    await eventually(() => expect(terminal.text.slice(seen)).toContain('delivered '))
    terminal.type(keys.ctrlC)
    expect(await terminal.ended()).toEqual({ exitCode: 130, ...restored })
  })

  test('`replay` counts, asks, and shows how far it has come', async () => {
    const receiver = await startReceiver()
    const { body } = await api.post('/v1/endpoints', { url: receiver.url, event_types: ['shown.happened'] })
    await emit(api.db, 120, { type: 'shown.happened' })
    await receiver.waitFor(120)
    const replay = ['replay', body.id, '--since', '1h', '--only', 'all', '--rate', '60']
    const refused = person().run(replay)
    await refused.shows('Go on?')
    refused.type(`n`)
    expect(await refused.ended()).toEqual({ exitCode: 5, ...restored })
    const stopped = person().run(replay)
    await stopped.shows('Go on?')
    stopped.type(keys.ctrlC)
    expect(await stopped.ended()).toEqual({ exitCode: 130, ...restored })
    const terminal = person().run(replay)
    await terminal.shows('This sends 120 events')
    terminal.type('y')
    await terminal.shows('120 were made due: done')
    expect(await terminal.ended()).toEqual({ exitCode: 0, ...restored })
  })

  test('Ctrl-C while a replay is watched ends the watching alone, and says so', async () => {
    const receiver = await startReceiver()
    const { body } = await api.post('/v1/endpoints', { url: receiver.url, event_types: ['slow.happened'] })
    await emit(api.db, 100, { type: 'slow.happened' })
    await receiver.waitFor(100)
    const terminal = person().run([
      'replay',
      body.id,
      '--since',
      '1h',
      '--only',
      'all',
      '--rate',
      '1',
      '--yes',
    ])
    await terminal.shows(/\d+ of 100/)
    terminal.type(keys.ctrlC)
    expect(await terminal.ended()).toEqual({ exitCode: 130, ...restored })
    expect(terminal.text).toMatch(/It goes on\. Stop it: outbox replays cancel rpl_/)
  })

  test('`listen` takes keys: what failed is sent again, opened in the console and shown; Ctrl-C ends it', async () => {
    const receiver = await startReceiver(({ nth }, response) => {
      response.writeHead(nth === 1 ? 500 : 200).end('out of \u001b[31mstock')
    })
    const { home, run } = person()
    const opened = `${home}/opened`
    mkdirSync(`${home}/bin`)
    writeFileSync(`${home}/bin/xdg-open`, `#!/bin/sh\necho "$1" > '${opened}'\n`)
    chmodSync(`${home}/bin/xdg-open`, 0o755)
    const terminal = run(['listen', '--forward-to', `keyed.*=${receiver.url}`, '--name', 'keyed'], {
      PATH: `${home}/bin:${process.env.PATH}`,
    })
    await terminal.shows('ready  keyed')
    terminal.type('d')
    await terminal.shows('nothing has failed')
    await emit(api.db, 1, { type: 'keyed.happened' })
    await terminal.shows('[r]etry  [o]pen  [d]etail  [q]uit')
    terminal.type('d')
    await terminal.shows('out of stock')
    expect(terminal.raw).not.toContain('\u001b[31mstock')
    terminal.type('o')
    await eventually(() => expect(existsSync(opened) && readFileSync(opened, 'utf8')).toMatch(/\n$/))
    expect(readFileSync(opened, 'utf8')).toMatch(/\/console\/deliveries\/dlv_\w+\n/)
    terminal.type('r')
    await terminal.shows(/→ 200 in \d+ ms, attempt 2/)
    terminal.type(keys.ctrlC)
    expect(await terminal.ended()).toEqual({ exitCode: 130, ...restored })
  })

  test('`trigger --edit` sends what the editor leaves, and nothing when it fails', async () => {
    const { home, run } = person()
    const editor = (name: string, text: string) => {
      writeFileSync(`${home}/${name}`, `#!/bin/sh\n${text}\n`)
      chmodSync(`${home}/${name}`, 0o755)
      return { EDITOR: `${home}/${name}` }
    }
    const trigger = ['trigger', 'edited.happened', '--data', '{"n":1}', '--edit']
    const changed = run(trigger, editor('change', 'sed -i s/1/2/ "$1"'))
    expect(await changed.ended()).toEqual({ exitCode: 0, ...restored })
    const { rows } = await api.db.query(
      `select data->>'n' as n from outbox.events where type = 'edited.happened'`,
    )
    expect(rows).toEqual([{ n: '2' }])
    const failing = run(trigger, editor('fail', 'exit 1'))
    expect(await failing.ended()).toEqual({ exitCode: 130, ...restored })
    mkdirSync(`${home}/tmp`)
    const interrupted = run(trigger, { ...editor('wait', 'echo edits; sleep 60'), TMPDIR: `${home}/tmp` })
    await interrupted.shows('edits')
    interrupted.type(keys.ctrlC)
    expect(await interrupted.ended()).toEqual({ exitCode: 130, ...restored })
    expect(readdirSync(`${home}/tmp`)).toEqual([])
    const broken = run(trigger, editor('break', 'echo "{" > "$1"'))
    expect(await broken.ended()).toEqual({ exitCode: 2, ...restored })
    const after = await api.db.query(`select from outbox.events where type = 'edited.happened'`)
    expect(after.rowCount).toBe(1)
  })
})
