// docs/receivers.md keeps its word: its snippets run as printed, against webhooks from a real listener.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatPublicKey, generateSecret } from '../../delivery/keys.ts'
import { ed25519Signer, signedHeaders } from '../../delivery/signature.ts'
import { freePort } from '../../dev/ports.ts'
import { atEnd } from '../support/cleanup.ts'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { addEndpoint, emit, startTestListener } from '../support/outbox.ts'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/receivers.md'), 'utf8')

/** The code block after `<!-- test: name -->`, in a file from where our packages resolve. */
function snippet(name: string): string {
  const code = page.split(`<!-- test: ${name} -->\n\`\`\`js\n`)[1]!.split('\n```')[0]!
  const dir = mkdtempSync(join(root, 'node_modules/.snippet-'))
  atEnd(() => rmSync(dir, { recursive: true }))
  const file = join(dir, 'receiver.mjs')
  writeFileSync(file, code.replaceAll("'./delivery/", `'${root}/delivery/`))
  return file
}

test('the Node receiver verifies, handles each webhook once, and refuses what is not signed', async () => {
  const database = await freshDatabase()
  const db = await database.connect()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/webhooks`
  const { id, secret } = await addEndpoint(db, { url })
  const child = spawn(process.execPath, [snippet('node')], {
    env: { ...process.env, WEBHOOK_SECRET: secret, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
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
  expect(printed.match(/order\.shipped \{ n: \d/g)).toHaveLength(3)
})

test('the v1a receiver accepts the old key and the new one, and no other', async () => {
  const [old, current, stranger] = await Promise.all([1, 2, 3].map(() => generateSecret('ed25519')))
  process.env.WEBHOOK_SECRETS = [old!, current!].map(formatPublicKey).join()
  const { receive } = await import(snippet('v1a'))
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
  expect([refused.status, await refused.text()]).toEqual([401, 'signature'])
})
