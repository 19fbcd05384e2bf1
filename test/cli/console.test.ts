// `outbox console` and `outbox portal open`: links that sign a browser in.
import { beforeAll, describe, expect, test } from 'vitest'
import { send, visitor } from '../console/console.ts'
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

/** As a browser that opens the link. */
async function open(link: string) {
  const { origin, pathname, search } = new URL(link)
  expect([origin, pathname]).toEqual([api.worker.url, '/console/link'])
  return send(origin, pathname + search)
}

describe('outbox console', () => {
  test('prints the address, which holds no secret', async () => {
    expect(await run('console')).toEqual({ exitCode: 0, stdout: `${api.worker.url}/console\n`, stderr: '' })
  })

  test('with --link prints a link that signs in with the key of the command, once', async () => {
    const { stdout } = await run('console', '--link')
    const first = await open(stdout.trim())
    expect([first.status, first.headers.get('location')]).toEqual([303, '/console'])
    expect((await open(stdout.trim())).status).toBe(401)
  })
})

describe('outbox portal open', () => {
  test('prints a link that signs in as the tenant, with a key that ends', async () => {
    const { stdout } = await run('portal', 'open', '--tenant', 'acme', '--hours', '2', '--json')
    const { url, key_id, expires_at, ...rest } = JSON.parse(stdout)
    expect(rest).toEqual({ tenant: 'acme', scope: 'read' })
    expect(Date.parse(expires_at)).toBeCloseTo(Date.now() + 2 * 3_600_000, -5)
    const cookie = (await open(url)).headers.get('set-cookie')!.split(';')[0]!
    const page = () => visitor(api.worker.url, cookie).get('/console')
    expect((await page()).text).toContain('what belongs to tenant <b><bdi>acme</bdi></b>')
    expect((await run('keys', 'revoke', key_id, '--yes')).exitCode).toBe(0)
    expect((await page()).status).toBe(303)
  })

  test('says that a tenant is missing, and that nothing serves a console here', async () => {
    expect(await run('portal', 'open')).toMatchObject({ exitCode: 2, stdout: '' })
    const alone = await outboxWhileWeServe(['portal', 'open', '--tenant', 'acme'], {
      cwd,
      env: { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' },
    })
    expect(alone).toMatchObject({ exitCode: 2, stdout: '' })
    expect(alone.stderr).toContain('run outbox serve')
  })
})
