// docs/receivers.md keeps its word: its snippets run as printed, against webhooks from a real listener.
import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { formatPublicKey, formatSecret, generateSecret } from '../../delivery/keys.ts'
import { ed25519Signer, hmacSigner, signedHeaders } from '../../delivery/signature.ts'
import { freePort } from '../../dev/ports.ts'
import { atEnd } from '../support/cleanup.ts'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { addEndpoint, emit, startTestListener } from '../support/outbox.ts'
import { readPage, root } from './pages.ts'

const page = readPage('docs/receivers.md')

/** The code block after `<!-- test: name -->`, in a file from where our packages resolve. */
function snippet(name: string, fileName = 'receiver.mjs'): string {
  const code = page.split(`<!-- test: ${name} -->\n`)[1]!.split('\n```')[0]!.replace(/^.*\n/, '')
  const dir = mkdtempSync(join(root, 'node_modules/.snippet-'))
  atEnd(() => rmSync(dir, { recursive: true }))
  const file = join(dir, fileName)
  writeFileSync(file, code.replaceAll("'outbox/", `'${root}/exports/`).replace(/(exports\/\w+)'/g, "$1.ts'"))
  return file
}

const isInstalled = (program: string) =>
  (process.env.PATH ?? '').split(delimiter).some(folder => existsSync(join(folder, program)))

/** Go makes a program first, because ending `go run` would leave what it started. */
async function buildGo(file: string): Promise<string[]> {
  const program = file.replace(/\.go$/, '')
  await promisify(execFile)('go', ['build', '-o', program, file])
  return [program]
}
/** On a machine where Go has not compiled its own library yet, that takes minutes. */
const buildTimeoutMs = 300_000

/** Those that are installed here: the page promises none of them. */
const receivers = [
  { language: 'Node', command: () => [process.execPath, snippet('node')] },
  { language: 'Python', needs: 'python3', command: () => ['python3', snippet('python', 'receiver.py')] },
  { language: 'Go', needs: 'go', command: () => buildGo(snippet('go', 'receiver.go')) },
  { language: 'Java', needs: 'java', command: () => ['java', snippet('java', 'Receiver.java')] },
].filter(({ needs }) => needs === undefined || isInstalled(needs))

test.each(receivers)(
  'the $language receiver verifies, handles each webhook once, and refuses what is not signed',
  async ({ command }) => {
    const database = await freshDatabase()
    const db = await database.connect()
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/webhooks`
    const { id, secret } = await addEndpoint(db, { url })
    const [program, ...args] = await command()
    const child = spawn(program!, args, {
      env: { ...process.env, WEBHOOK_SECRET: secret, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    atEnd(async () => {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    })
    let printed = ''
    child.stdout.on('data', data => {
      printed += data
    })
    const post = (headers: Record<string, string>) => fetch(url, { method: 'POST', body: '{}', headers })
    await eventually(async () => expect((await post({})).status).toBe(401))
    expect(
      (await post({ 'webhook-id': 'x', 'webhook-timestamp': '1', 'webhook-signature': 'v1,x' })).status,
    ).toBe(401)
    const key = Buffer.from(secret.slice(6), 'base64')
    const signed = (secondsAgo: number) =>
      signedHeaders('x', Math.floor(Date.now() / 1000) - secondsAgo, Buffer.from('{}'), [hmacSigner(key)])
    expect((await post(await signed(400))).status).toBe(401)
    const altered = { ...(await signed(0)), 'webhook-id': 'y' }
    expect((await post(altered)).status).toBe(401)

    await startTestListener(database.url)
    await emit(db, 3, { type: 'order.shipped' })
    const delivered = (attempt: number) =>
      eventually(async () => {
        const { rows } = await db.query(
          `select count(*)::int as n from outbox.deliveries where state = 'delivered' and attempt = $1`,
          [attempt],
        )
        return rows[0].n === 3
      })
    await delivered(1)
    await db.query(
      `insert into outbox.delivery_rows (endpoint_id, event_id, state, attempt, retry_base)
       select endpoint_id, event_id, 'pending', 1, 1 from outbox.delivered_at_once where endpoint_id = $1`,
      [id],
    )
    await db.query('notify outbox')
    await delivered(2)
    // What it has handled it may not have printed yet; when it is over, it has.
    const handled = () => printed.match(/order\.shipped.*\bn['"]? ?: \d/g) ?? []
    await eventually(() => handled().length >= 3)
    child.kill()
    await once(child, 'close')
    expect(handled()).toHaveLength(3)
  },
  buildTimeoutMs,
)

/** These are functions. Each is called with a harness of its language, one line of output for each case. */
const functions = [
  {
    language: 'Ruby',
    needs: 'ruby',
    command: () => ['ruby', '-r', snippet('ruby', 'webhook.rb'), '-e', 'p genuine?(*ARGV)'],
  },
  {
    language: 'PHP',
    needs: 'php',
    command: () => [
      'php',
      '-r',
      `require '${snippet('php', 'webhook.php')}'; echo json_encode(is_genuine(...array_slice($argv, 1)));`,
      '--',
    ],
  },
].filter(({ needs }) => isInstalled(needs))

test.skipIf(functions.length === 0)(
  'the functions of other languages that are installed here verify',
  async () => {
    const key = await generateSecret('hmac')
    const body = '{"type":"a.b","data":{"ü" : 1}}'
    const at = Math.floor(Date.now() / 1000)
    const headers = await signedHeaders('evt_1', at, Buffer.from(body), [hmacSigner(key.bytes)])
    const [secret, signature] = [formatSecret(key), headers['webhook-signature']!]
    const old = await signedHeaders('evt_1', at - 400, Buffer.from(body), [hmacSigner(key.bytes)])
    const cases: [string[], boolean][] = [
      [[secret, 'evt_1', String(at), signature, body], true],
      [[secret, 'evt_1', String(at), `v1a,AAAA v1,x ${signature}`, body], true],
      [[secret, 'evt_1', String(at), signature, `${body} `], false],
      [[secret, 'evt_2', String(at), signature, body], false],
      [[secret, 'evt_1', String(at - 400), old['webhook-signature']!, body], false],
      [[secret, 'evt_1', 'now', signature, body], false],
      [[secret, 'evt_1', String(at), '', body], false],
    ]
    for (const { language, command } of functions)
      for (const [args, expected] of cases) {
        const [program, ...before] = command()
        const { stdout, stderr } = spawnSync(program!, [...before, ...args], { encoding: 'utf8' })
        expect([language, args, stdout.trim(), stderr]).toEqual([language, args, String(expected), ''])
      }
  },
)

test('the receiver with several secrets accepts the old key and the new one, and no other', async () => {
  const [old, current, stranger] = await Promise.all([1, 2, 3].map(() => generateSecret('ed25519')))
  process.env.WEBHOOK_SECRETS = [old!, current!].map(formatPublicKey).join()
  const { receive } = await import(snippet('verify'))
  const body = '{"type":"a.b"}'
  const answer = async (key: typeof old) => {
    const bytes = new TextEncoder().encode(body)
    const now = Math.floor(Date.now() / 1000)
    const headers = await signedHeaders('evt_1', now, bytes, [ed25519Signer(key!.bytes)])
    return receive(new Request('http://receiver/', { method: 'POST', body, headers }))
  }
  expect((await answer(old)).status).toBe(204)
  expect((await answer(current)).status).toBe(204)
  const refused = await answer(stranger)
  expect([refused.status, await refused.text()]).toEqual([401, expect.stringContaining('secret')])
})
