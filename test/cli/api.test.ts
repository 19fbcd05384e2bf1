// The commands that ask the API: what they print for people and for scripts, and how they end.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../dev/ports.ts'
import { type Api, startApi } from '../functions/api.ts'
import { startTestListener } from '../support/outbox.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { temporaryDirectory } from '../support/server.ts'
import { outboxWhileWeServe, type Ran } from './command.ts'

let api: Api
let cwd: string
beforeAll(async () => {
  api = await startApi()
  await startTestListener(api.database.url)
  cwd = temporaryDirectory()
})

const run = (...args: string[]): Promise<Ran> =>
  outboxWhileWeServe(args, { cwd, env: { OUTBOX_URL: api.worker.url, OUTBOX_API_KEY: 'dev' } })

/** It must end well, and its standard output must be JSON. */
async function json(...args: string[]) {
  const { exitCode, stdout, stderr } = await run(...args, '--json')
  expect([args, exitCode, stderr.replace(/^(next|undo|what it missed|The second).*\n/gm, '')]).toEqual([
    args,
    0,
    '',
  ])
  return JSON.parse(stdout)
}

const lines = ({ stdout }: Ran) =>
  stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

const address = () => ['--url', 'https://example.com/hook']

describe('an event', () => {
  const ids = { endpoint: '', event: '', delivery: '' }
  let receiver: Receiver
  beforeAll(async () => {
    receiver = await startReceiver()
    ids.endpoint = (await json('endpoints', 'create', '--url', receiver.url, '--types', 'order.*')).id
    const event = await json('trigger', 'order.shipped', '--set', 'order_id=17', '--key', 'orders/17')
    expect(event).toMatchObject({
      type: 'order.shipped',
      key: 'orders/17',
      data: { order_id: 17, status: 'created' },
    })
    const [webhook] = await receiver.waitFor(1)
    expect(webhook!.headers['webhook-id']).toBe(event.id)
    ids.event = event.id
    const [listed] = lines(await run('events', 'list', '--key', 'orders/17', '--json'))
    expect(listed).toMatchObject({ id: event.id })
    ids.delivery = listed.deliveries[0].id
  })

  test('that was triggered is found by every command that reads it', async () => {
    const delivery = await json('deliveries', 'get', ids.delivery, '--wait', 'delivered')
    expect(delivery).toMatchObject({ state: 'delivered', attempts: [{ response_status: 200 }] })
    const [event, listed, ofEvent, ofDelivery] = await Promise.all([
      json('events', 'get', ids.event),
      run('deliveries', 'list', '--event', ids.event, '--json'),
      json('explain', ids.event),
      json('explain', ids.delivery),
    ])
    expect(event).toMatchObject({ deliveries: [{ id: ids.delivery }] })
    expect(lines(listed)).toMatchObject([{ id: ids.delivery }])
    for (const { endpoints } of [ofEvent, ofDelivery])
      expect(endpoints).toMatchObject([{ delivery_state: 'delivered' }])
  })

  test('is sent again by redeliver, and by replay once it is confirmed', async () => {
    expect(await json('redeliver', ids.delivery)).toMatchObject({ id: ids.delivery })
    await receiver.waitFor(2)
    const replay = ['replay', ids.endpoint, '--since', '1h', '--only', 'all']
    const [counted, unconfirmed] = await Promise.all([json(...replay, '--dry-run'), run(...replay)])
    expect(counted).toMatchObject({ count: 1 })
    expect(unconfirmed).toMatchObject({
      exitCode: 5,
      stdout: '',
      stderr: expect.stringContaining('use --yes'),
    })
    expect(await json(...replay, '--yes', '--wait')).toMatchObject({ state: 'done', replayed: 1 })
    await receiver.waitFor(3)
  })

  test('that a row made is explained by its table and key, and status counts', async () => {
    const [row, status] = await Promise.all([
      json('explain', '--table', 'orders', '--key', '17'),
      json('status'),
    ])
    expect(row.findings.length).toBeGreaterThan(3)
    expect(status).toMatchObject({ listeners: 1, watched: ['orders'], deliveries: { dead: 0 } })
  })

  test('numbers of its data stay as they were written', async () => {
    const { id } = await json(
      'trigger',
      'test.numbers',
      '--data',
      '{"big":12345678901234567890,"price":1.10}',
    )
    const { stdout } = await run('events', 'get', id, '--json')
    expect(stdout).toContain('"big":12345678901234567890')
    expect(stdout).toContain('"price":1.10')
  })

  test('its data comes from a file, and an editor may change it', async () => {
    writeFileSync(`${cwd}/data.json`, '{"n":1}')
    const editor = `${process.execPath} -e "const fs=require('fs');fs.writeFileSync(process.argv[1],'{\\"n\\":2}')"`
    const { exitCode, stdout } = await outboxWhileWeServe(
      ['trigger', 'test.edited', '--data', '@data.json', '--edit', '--json'],
      { cwd, env: { OUTBOX_URL: api.worker.url, OUTBOX_API_KEY: 'dev', EDITOR: editor } },
    )
    expect([exitCode, JSON.parse(stdout).data]).toEqual([0, { n: 2 }])
  })
})

test('an endpoint is read, changed, paused, resumed, tested, rotated and deleted', async () => {
  const { id, secret } = await json('endpoints', 'create', ...address(), '--header', 'x-team: shop')
  expect(await json('endpoints', 'update', id, '--rate', '5', '--ordering', 'key')).toMatchObject({
    rate_per_second: 5,
    ordering: 'key',
  })
  expect(await json('endpoints', 'pause', id)).toMatchObject({ state: 'paused' })
  expect(lines(await run('endpoints', 'list', '--json')).find(row => row.id === id)).toMatchObject({
    state: 'paused',
  })
  expect(await json('endpoints', 'resume', id)).toMatchObject({ state: 'active' })
  expect(await json('endpoints', 'test', id)).toMatchObject({ delivery_id: expect.stringMatching(/^dlv_/) })
  expect((await json('endpoints', 'rotate', id)).secret).not.toBe(secret)
  expect(await run('endpoints', 'delete', id)).toMatchObject({ exitCode: 5, stdout: '' })
  expect(await json('endpoints', 'delete', id, '--yes')).toEqual({ id, deleted: true })
  expect(await run('endpoints', 'get', id)).toMatchObject({
    exitCode: 3,
    stdout: '',
    stderr: 'There is no such endpoint.\n',
  })
})

test('a key is given out, listed and revoked', async () => {
  const { id, key } = await json('keys', 'create', '--name', 'ci', '--expires', '2099-01-01')
  expect(
    await outboxWhileWeServe(['events', 'list', '--api', api.worker.url, '--api-key', key], { cwd }),
  ).toMatchObject({
    exitCode: 0,
  })
  expect(lines(await run('keys', 'list', '--json'))).toMatchObject([{ id, name: 'ci' }])
  await json('keys', 'revoke', id, '--yes')
  expect(
    await outboxWhileWeServe(['events', 'list', '--api', api.worker.url, '--api-key', key], { cwd }),
  ).toMatchObject({
    exitCode: 4,
    stdout: '',
  })
})

test.each<[string, number, string[], string]>([
  ['an option that is none', 2, ['events', 'list', '--limit', 'many'], 'Expected a whole number'],
  ['a type that the catalogue lacks', 3, ['trigger', 'nope.nope'], 'order.shipped'],
  ['an event that is not there', 3, ['events', 'get', 'evt_0'], 'There is no such event.'],
  ['a key that is wrong', 4, ['events', 'list', '--api-key', 'wrong'], 'OUTBOX_API_KEY'],
  [
    'a key that may only read',
    4,
    ['endpoints', 'create', '--url', 'https://example.com', '--api-key', 'look'],
    '',
  ],
  ['an address that is refused', 2, ['endpoints', 'create', '--url', 'http://10.1.2.3/'], 'not public'],
  ['a profile that is not there', 3, ['status', '--profile', 'nowhere'], 'outbox login'],
])('%s ends with exit code %i, in a sentence and in JSON', async (_, code, args, sentence) => {
  const [said, inJson] = await Promise.all([run(...args), run(...args, '--json')])
  expect([said.exitCode, said.stdout]).toEqual([code, ''])
  expect(said.stderr).toContain(sentence)
  expect([inJson.exitCode, inJson.stdout]).toEqual([code, ''])
  expect(JSON.parse(inJson.stderr)).toMatchObject({ exit_code: code, title: expect.any(String) })
})

test('a server that does not answer is unreachable: exit code 6', async () => {
  const nobody = `http://127.0.0.1:${await freePort()}`
  const { exitCode, stdout, stderr } = await run('events', 'list', '--api', nobody)
  expect([exitCode, stdout]).toEqual([6, ''])
  expect(stderr).toBe(`The outbox at ${nobody} cannot be reached: nothing accepts connections there.\n`)
})

describe('which outbox is meant', () => {
  const profiles = (url: string) =>
    `default = "ours"\n[profile.ours]\nurl = "${url}"\nkey_command = "echo dev"\n`

  async function loggedIn() {
    const home = temporaryDirectory()
    const env = { XDG_CONFIG_HOME: home, OUTBOX_API_KEY: 'dev' }
    const login = await outboxWhileWeServe(['login', '--api', api.worker.url, '--name', 'ours'], { cwd, env })
    expect(login.exitCode, login.stderr).toBe(0)
    return home
  }

  test('login keeps a profile that only its owner may read, and the first one is the default', async () => {
    const home = await loggedIn()
    const env = { XDG_CONFIG_HOME: home }
    expect(await outboxWhileWeServe(['events', 'list'], { cwd, env })).toMatchObject({ exitCode: 0 })
    expect(readFileSync(`${home}/outbox/config.toml`, 'utf8')).toContain('[profile.ours]')
    const listed = await outboxWhileWeServe(['profile', 'list'], { cwd, env })
    expect(listed.stdout).toBe(`ours\t${api.worker.url}\tdefault\n`)
    expect(listed.stdout).not.toContain('dev')
  })

  test('login refuses a key that the outbox refuses', async () => {
    const env = { XDG_CONFIG_HOME: temporaryDirectory(), OUTBOX_API_KEY: 'wrong' }
    expect(
      await outboxWhileWeServe(['login', '--api', api.worker.url, '--name', 'x'], { cwd, env }),
    ).toMatchObject({
      exitCode: 4,
    })
  })

  test('a flag wins over the environment, the environment over the profile, the profile over npm run dev', async () => {
    const folder = temporaryDirectory()
    const nobody = `http://127.0.0.1:${await freePort()}`
    mkdirSync(`${folder}/.outbox`)
    mkdirSync(`${folder}/config/outbox`, { recursive: true })
    mkdirSync(`${folder}/inside`)
    const announce = (url: string) =>
      writeFileSync(`${folder}/.outbox/running.json`, JSON.stringify({ url, apiKey: 'dev', databaseUrl: '' }))
    const keep = (url: string) =>
      writeFileSync(`${folder}/config/outbox/config.toml`, profiles(url), { mode: 0o600 })
    const exitCodeOf = async (env: Record<string, string>, ...args: string[]) =>
      (await outboxWhileWeServe(['events', 'list', ...args], { cwd: `${folder}/inside`, env })).exitCode
    announce(api.worker.url)
    expect(await exitCodeOf({})).toBe(0)
    const XDG_CONFIG_HOME = `${folder}/config`
    keep(nobody)
    expect(await exitCodeOf({ XDG_CONFIG_HOME })).toBe(6)
    announce(nobody)
    keep(api.worker.url)
    expect(await exitCodeOf({ XDG_CONFIG_HOME })).toBe(0)
    expect(await exitCodeOf({ XDG_CONFIG_HOME, OUTBOX_URL: nobody })).toBe(6)
    const flags = ['--api', api.worker.url, '--api-key', 'dev']
    expect(await exitCodeOf({ XDG_CONFIG_HOME, OUTBOX_URL: nobody }, ...flags)).toBe(0)
  })

  test('nothing at all is a mistake of usage that says what to do', async () => {
    const { exitCode, stdout, stderr } = await outboxWhileWeServe(['events', 'list'], { cwd })
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/outbox login.*npm run dev.*outbox init/)
  })

  test('a key in a file that others may read is refused', async () => {
    const home = await loggedIn()
    chmodSync(`${home}/outbox/config.toml`, 0o644)
    const { exitCode, stderr } = await outboxWhileWeServe(['events', 'list'], {
      cwd,
      env: { XDG_CONFIG_HOME: home },
    })
    expect(exitCode).toBe(2)
    expect(stderr).toContain('chmod 600')
  })
})

test('after outbox init no server is needed: the API runs in the command', async () => {
  const folder = temporaryDirectory()
  const init = await outboxWhileWeServe(['init', '--yes', '--database-url', api.database.url], {
    cwd: folder,
  })
  expect(init.exitCode, init.stderr).toBe(0)
  const trigger = ['trigger', 'test.happened', '--data', '{"n":1}', '--json']
  const { exitCode, stdout, stderr } = await outboxWhileWeServe(trigger, { cwd: folder })
  expect(exitCode, stderr).toBe(0)
  const { id } = JSON.parse(stdout)
  const { stdout: read } = await outboxWhileWeServe(['events', 'get', id, '--json'], { cwd: folder })
  expect(JSON.parse(read)).toMatchObject({ id, type: 'test.happened', data: { n: 1 } })
})

test('--verbose says what it asks, without headers', async () => {
  const { stdout, stderr } = await run('events', 'list', '--limit', '1', '--verbose')
  expect(stderr).toMatch(/^GET \/v1\/events\?limit=1 200 in \d+ ms, request \S+$/m)
  expect(stdout + stderr).not.toMatch(/bearer/i)
})

test('console prints its address', async () => {
  expect(await json('console')).toEqual({ url: `${api.worker.url}/console` })
})
