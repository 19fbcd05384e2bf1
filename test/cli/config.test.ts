// `outbox apply`, `diff` and `export`: a file says what the endpoints are.
import { readFileSync, writeFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import type { settingNames } from '../../cli/config/file.ts'
import { type Api, startApi } from '../functions/api.ts'
import { temporaryDirectory } from '../support/server.ts'
import { outboxWhileWeServe } from './command.ts'

let api: Api
let cwd: string
beforeAll(async () => {
  api = await startApi()
  cwd = temporaryDirectory()
})

const run = (...args: string[]) =>
  outboxWhileWeServe(args, { cwd, env: { OUTBOX_URL: api.worker.url, OUTBOX_API_KEY: 'dev' } })

const write = (text: string) => writeFileSync(`${cwd}/outbox.yaml`, text)

test('a file is applied, shows drift, is applied again, and is what export writes', async () => {
  await api.post('/v1/endpoints', { url: 'https://example.com/without-a-name' })
  write(`endpoints:
  - name: billing
    url: https://example.com/billing?token=1
    event_types: [order.shipped]
  - name: search
    url: https://example.com/search
    tenant: acme
    rate_per_second: 5
`)
  expect(await run('diff')).toMatchObject({ exitCode: 7, stdout: '+ billing\n+ search\n' })
  const { exitCode, stdout, stderr } = await run('apply', '--json')
  expect(exitCode, stderr).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    created: 2,
    endpoints: [
      { name: expect.any(String), secret: expect.stringMatching(/^whsec_/) },
      { secret: expect.stringMatching(/^whsec_/) },
    ],
  })
  expect(await run('diff')).toMatchObject({ exitCode: 0, stdout: '' })
  expect(await run('apply')).toMatchObject({ exitCode: 0, stdout: '', stderr: 'no change\n' })

  const { body } = await api.get('/v1/endpoints?name=search')
  await api.patch(`/v1/endpoints/${body.data[0].id}`, { rate_per_second: 50 })
  expect(await run('diff')).toMatchObject({ exitCode: 7, stdout: '~ search\n    rate_per_second: 50 → 5\n' })
  expect(await run('apply')).toMatchObject({ exitCode: 0 })
  expect((await api.get('/v1/endpoints?name=search')).body.data).toMatchObject([{ rate_per_second: 5 }])

  const exported = await run('export', '-f', 'exported.yaml')
  expect(exported.exitCode).toBe(0)
  const text = readFileSync(`${cwd}/exported.yaml`, 'utf8')
  expect(text).not.toMatch(/whsec_|secret|without-a-name/)
  expect(await run('diff', '-f', 'exported.yaml', '--prune')).toMatchObject({ exitCode: 0 })

  write('endpoints: []\n')
  expect(await run('diff')).toMatchObject({ exitCode: 0 })
  expect(await run('diff', '--prune')).toMatchObject({ exitCode: 7 })
  expect(await run('apply', '--prune')).toMatchObject({ exitCode: 5 })
  expect(await run('apply', '--prune', '--yes')).toMatchObject({ exitCode: 0 })
  expect((await api.get('/v1/endpoints')).body.data).toMatchObject([{ name: null }])
})

test('a thousand endpoints are applied within ten seconds, the second time nothing changes, and drift is found', async () => {
  const writeMany = (rate: number) => {
    const settings = `rate_per_second: ${rate}, event_types: [order.*]`
    const entries = Array.from(
      { length: 1_000 },
      (_, n) => `  - {name: many-${n}, url: "https://example.com/${n}?token=${n}", ${settings}}`,
    )
    write(`endpoints:\n${entries.join('\n')}\n`)
  }
  const timed = async (...args: string[]) => {
    const begun = performance.now()
    const ran = await run(...args)
    const seconds = (performance.now() - begun) / 1000
    console.log(`outbox ${args.join(' ')} of 1,000 endpoints took ${seconds.toFixed(1)} s`)
    expect(seconds).toBeLessThan(10)
    return ran
  }
  writeMany(5)
  const first = await timed('apply', '--json')
  expect(first.exitCode, first.stderr).toBe(0)
  const { created, endpoints } = JSON.parse(first.stdout)
  expect(created).toBe(1_000)
  expect(new Set(endpoints.map((one: { secret: string }) => one.secret)).size).toBe(1_000)
  expect(await timed('apply')).toMatchObject({ exitCode: 0, stderr: 'no change\n' })
  await api.db.query(`update outbox.endpoints set rate_per_second = 50 where name = 'many-7'`)
  expect(await timed('diff')).toMatchObject({
    exitCode: 7,
    stdout: '~ many-7\n    rate_per_second: 50 → 5\n',
  })
  writeMany(6)
  expect(JSON.parse((await timed('apply', '--json')).stdout)).toMatchObject({ updated: 1_000 })
  write('endpoints: []\n')
  expect(JSON.parse((await timed('apply', '--prune', '--yes', '--json')).stdout)).toMatchObject({
    deleted: 1_000,
  })
})

/** Of each setting that a file may have, what it is not by default. */
const others: Readonly<Record<Exclude<(typeof settingNames)[number], 'tenant'>, unknown>> = {
  description: 'of the shop: "ours", 100 %',
  event_types: ['order.*', 'invoice.paid'],
  signing: 'ed25519',
  ordering: 'key',
  format: 'slack',
  sequence: true,
  max_in_flight: 8,
  rate_per_second: 0.5,
  timeout_seconds: 7.5,
  retry_schedule: [1, 60, 3600],
}

test.each([['url', 'https://example.com/elsewhere?a=1&b=%20'], ...Object.entries(others)])(
  'drift of %s is shown and mended, in both directions, and export writes it',
  async (setting, other) => {
    const endpoint = { name: `drift-of.${setting}`, url: 'https://example.com/here' }
    const set = (value: object) => write(JSON.stringify({ endpoints: [{ ...endpoint, ...value }] }))
    set({})
    await run('apply')
    set({ [setting]: other })
    const { exitCode, stdout } = await run('diff', '--json')
    expect(exitCode).toBe(7)
    expect(JSON.parse(stdout)).toMatchObject({ action: 'update', changes: [{ setting, to: other }] })
    expect(await run('apply')).toMatchObject({ exitCode: 0 })
    expect(await run('diff')).toMatchObject({ exitCode: 0, stdout: '' })
    await run('export', '-f', 'exported.yaml')
    expect(await run('diff', '-f', 'exported.yaml', '--prune')).toMatchObject({ exitCode: 0 })
    set({})
    expect(await run('diff')).toMatchObject({ exitCode: 7 })
    expect(await run('apply')).toMatchObject({ exitCode: 0 })
    expect(await run('diff')).toMatchObject({ exitCode: 0, stdout: '' })
  },
)

test('what is refused is named, and with it nothing of its batch is made', async () => {
  write(`endpoints:
  - {name: good, url: "https://example.com/good"}
  - {name: bad, url: "http://10.0.0.1/"}
  - {name: worse, url: "https://example.com/", timeout_seconds: 59}
`)
  const { exitCode, stdout, stderr } = await run('apply')
  expect([exitCode, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(
    /^\+ good\n\+ bad\n\+ worse\nbad: url .*\.\nworse: timeout_seconds .*\. 0 of 3 are done; run it again\.\n$/,
  )
  expect((await api.get('/v1/endpoints?name=good')).body.data).toEqual([])
})

test.each([
  ['what is no YAML', 'endpoints: [', 'not valid YAML'],
  ['no list', 'endpoint: []', 'needs endpoints'],
  ['no name', 'endpoints: [{url: "https://example.com"}]', 'name and a url'],
  [
    'a secret',
    'endpoints: [{name: a, url: "https://example.com", secret: CANARY}]',
    'secret may not be in the file',
  ],
  [
    'a setting that is none',
    'endpoints: [{name: a, url: "https://example.com", retries: 3}]',
    'retries is no setting',
  ],
  ['a name twice', 'endpoints: [{name: a, url: "https://b"}, {name: a, url: "https://c"}]', 'name a'],
  ['a URL that is refused', 'endpoints: [{name: a, url: "http://10.0.0.1/"}]', 'not public'],
])('%s in the file is a mistake of usage', async (_, text, sentence) => {
  write(text)
  const { exitCode, stdout, stderr } = await run('apply')
  expect(exitCode).toBe(2)
  expect(stderr).toContain(sentence)
  expect(stdout + stderr).not.toContain('CANARY')
})
