// Every command there is, found by walking the program: with --json standard output is JSON and nothing else, and a mistake is
// JSON on standard error with its exit code. Each is called as its own first example says, so a new command is tested too.
import { mkdirSync, writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { beforeAll, describe, expect, test } from 'vitest'
import { createProgram } from '../../cli/program.ts'
import { freePort } from '../../dev/ports.ts'
import { type Api, startApi } from '../functions/api.ts'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { deliveryStates, emit, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { temporaryDirectory } from '../support/server.ts'
import { testSettings } from '../support/settings.ts'
import { outbox, outboxWhileWeServe } from './command.ts'

interface Leaf {
  readonly name: string
  readonly example: string
}

const leaves = leavesOf(await createProgram())

function leavesOf(command: Command, before = ''): Leaf[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter(inside => inside.name() !== 'help')
    .flatMap(inside => {
      const name = `${before}${inside.name()}`
      if (inside.commands.length > 0) return leavesOf(inside, `${name} `)
      const [, example = ''] = /Examples:\n {2}(.*)\n/.exec(inside.helpInformation()) ?? []
      return [{ name, example }]
    })
}

/** They go on until they are stopped, or take what all others need: tests of their own run them with --json. */
const elsewhere = ['listener', 'serve', 'listen', 'uninstall']

/** What an example leaves to the person who types it. */
const more: Readonly<Record<string, readonly string[]>> = {
  init: ['--yes'],
  'endpoints delete': ['--yes'],
  'keys revoke': ['--yes'],
  'profile use': ['--quiet'],
  replay: ['--yes'],
  redeliver: ['--yes'],
  apply: ['--yes'],
  'system adopt': ['--yes'],
  'events tail': ['--limit', '1', '--resume', 'events.position'],
  'deliveries tail': ['--limit', '1', '--resume', 'deliveries.position'],
  login: ['--api-key', 'dev'],
}

/** Found something to complain of, as it should here. */
const mayBeFalse = ['doctor', 'diff', 'test-receiver', 'verify']

let api: Api
let cwd: string
let real: Readonly<Record<string, string>>
beforeAll(async () => {
  api = await startApi()
  cwd = temporaryDirectory()
  const url = await positions()
  const receiver = await startReceiver(({ nth }) => (nth === 1 ? 500 : 200))
  const { body } = await api.post('/v1/endpoints', { name: 'one', url: receiver.url, retry_schedule: [] })
  const listener = await startTestListener(api.database.url)
  const [event] = await emit(api.db, 1, { type: 'order.shipped' })
  await eventually(async () => expect(await deliveryStates(api.db)).toEqual({ dead: 1 }))
  await listener.stop()
  const { data } = (await api.get('/v1/deliveries')).body
  const key = (await api.post('/v1/keys', { name: 'old' })).body
  const replay = (await api.post(`/v1/endpoints/${body.id}/replay`, { since: '2026-01-01T00:00:00Z' })).body
  real = {
    ep_0000000000000001a1b2c3d4: body.id,
    evt_00000000000004d2a1b2c3d4: event!,
    dlv_00000000000004d20000000000000001: data[0].id,
    key_0000000000000001a1b2c3d4: key.id,
    rpl_0000000000000001a1b2c3d4: replay.id,
    'https://outbox.example.com': url,
    'http://localhost:3000/webhooks': receiver.url,
    whsec_: body.secret,
  }
  const request = [
    'webhook-id: evt_1',
    `webhook-timestamp: ${Math.floor(Date.now() / 1000)}`,
    'webhook-signature: v1,x',
    '',
    '{}',
  ]
  mkdirSync(`${cwd}/src`)
  writeFileSync(`${cwd}/request.txt`, request.join('\n'))
  writeFileSync(`${cwd}/outbox.yaml`, 'endpoints: [{name: two, url: "https://example.com/two"}]\n')
})

/** Where the tails were left before anything happened, so that they have something to tell. Returns the API's address. */
async function positions(): Promise<string> {
  for (const [of, filter] of [
    ['events', 'type=order.shipped'],
    ['deliveries', 'outcome=failed'],
  ] as const) {
    const answer = await api.get(`/v1/${of}/tail?wait_seconds=0&${filter}`)
    writeFileSync(`${cwd}/${of}.position`, /^id: (.*)$/m.exec(answer.text)![1]!)
  }
  return api.worker.url
}

const environment = () => ({
  ...testSettings,
  HOME: cwd,
  XDG_CONFIG_HOME: `${cwd}/config`,
  OUTBOX_URL: api.worker.url,
  OUTBOX_API_KEY: 'dev',
  DATABASE_URL_UNPOOLED: api.database.url,
  WEBHOOK_SECRET: real.whsec_!,
})

/** The words of an example as a shell would hand them over, up to a pipe or a redirection. */
function wordsOf(example: string): string[] {
  const [call = ''] = /(?<=\boutbox ).*?(?= \| | >>? | && |\)|$)/.exec(example) ?? []
  return [...call.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => withReal((a ?? b ?? c)!))
}

const withReal = (word: string) =>
  Object.entries(real).reduce((text, [shown, one]) => text.replace(shown.replace(/_$/, '_…'), one), word)

/** Profiles are used after one was kept, and things are deleted after the others have been looked at. */
const last = ['apply', 'profile list', 'profile use', 'whoami', 'endpoints delete', 'keys revoke', 'migrate']
const inOrder = leaves
  .filter(({ name }) => !elsewhere.includes(name))
  .toSorted((a, b) => last.indexOf(a.name) - last.indexOf(b.name))

test('those that others test are commands', () => {
  for (const name of [...elsewhere, ...Object.keys(more), ...mayBeFalse, ...last])
    expect(leaves.map(leaf => leaf.name)).toContain(name)
})

describe('with --json', () => {
  test.each(inOrder)('outbox $name prints JSON and nothing else', async ({ name, example }) => {
    // Only where senders are held there is something to adopt.
    if (name === 'system adopt') await api.db.query(`update outbox.identity set facts = '{"database": "0"}'`)
    const args = [...wordsOf(example), ...(more[name] ?? []), '--json']
    const { exitCode, stdout, stderr } = await outboxWhileWeServe(args, { cwd, env: environment() })
    expect(mayBeFalse.includes(name) ? [0, 7] : [0], `outbox ${args.join(' ')}\n${stderr}`).toContain(
      exitCode,
    )
    const lines = stdout.split('\n').filter(line => line !== '')
    expect(lines.length, stderr).toBeGreaterThan(0)
    for (const line of lines) expect(JSON.parse(line)).toBeTypeOf('object')
  })

  test('outbox uninstall does, too', async () => {
    const { url } = await freshDatabase()
    const { exitCode, stdout, stderr } = outbox(['uninstall', '--yes', '--json', '--database-url', url])
    expect(exitCode, stderr).toBe(0)
    expect(JSON.parse(stdout)).toBeTypeOf('object')
  })
})

test.each(leaves)(
  'outbox $name says a mistake of usage on standard error, in a sentence and as JSON',
  ({ name }) => {
    const args = [...name.split(' '), '--no-such-option']
    const said = outbox(args, { cwd })
    expect([said.exitCode, said.stdout]).toEqual([2, ''])
    expect(said.stderr).toMatch(/--no-such-option|required option/)
    const json = outbox([...args, '--json'], { cwd })
    expect([json.exitCode, json.stdout]).toEqual([2, ''])
    expect(JSON.parse(json.stderr)).toMatchObject({ exit_code: 2, title: expect.any(String) })
  },
)

/** These ask nobody. */
const offline = ['init', 'verify', 'completion', 'version', 'profile list', 'profile use', 'console']
/** They go on without an answer, and say so; or what they find is their answer. */
const patient = ['events tail', 'deliveries tail', 'doctor', 'test-receiver', 'listener', 'serve']

// At the same time, because each of them tries again for two seconds.
test.concurrent.each(leaves.filter(({ name }) => ![...offline, ...patient].includes(name)))(
  'outbox $name ends with 6 where nobody answers, and prints nothing',
  async ({ name, example }) => {
    const nobody = `127.0.0.1:${await freePort()}`
    const words = wordsOf(example).map(word => word.replace(api.worker.url, `http://${nobody}`))
    const { exitCode, stdout, stderr } = await outboxWhileWeServe(
      [...words, ...(more[name] ?? []), '--json'],
      {
        cwd,
        env: {
          ...environment(),
          OUTBOX_URL: `http://${nobody}`,
          DATABASE_URL_UNPOOLED: `postgresql://u@${nobody}/app`,
        },
      },
    )
    expect([exitCode, stdout], stderr).toEqual([6, ''])
    expect(JSON.parse(stderr.trim().split('\n').at(-1)!)).toMatchObject({ exit_code: 6 })
  },
)
