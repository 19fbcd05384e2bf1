// `outbox verify`: which part of a recorded webhook is wrong, without a server.
import { writeFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { formatSecret, generateSecret } from '../../delivery/keys.ts'
import { createSender } from '../../testing/sender.ts'
import { temporaryDirectory } from '../support/server.ts'
import { outbox } from './command.ts'

const secret = formatSecret(await generateSecret('hmac'))
const other = formatSecret(await generateSecret('hmac'))
let headers: Record<string, string>
let body: string
let cwd: string
beforeAll(async () => {
  cwd = temporaryDirectory()
  const sender = createSender({ url: 'http://localhost/', secret })
  const request = await sender.prepare({ type: 'order.shipped', data: { order_id: 17 } })
  headers = { ...request.headers, 'content-length': String(request.body.length) }
  body = new TextDecoder().decode(request.body)
})

interface Change {
  secret?: string
  headers?: Record<string, string | undefined>
  body?: (text: string) => string
}

/** As a person would have recorded it: in a file, which an editor has ended with a line break. */
function verdictOn({
  secret: used = secret,
  headers: changed = {},
  body: alter = text => text,
}: Change = {}) {
  const all = Object.entries({ ...headers, ...changed }).filter(([, value]) => value !== undefined)
  const head = all.map(([name, value]) => `${name}: ${value}`).join('\r\n')
  writeFileSync(`${cwd}/request.txt`, `POST /webhooks HTTP/1.1\r\n${head}\r\n\r\n${alter(body)}\n`)
  const { exitCode, stdout, stderr } = outbox(['verify', 'request.txt', '--secret', used, '--json'], { cwd })
  expect(stderr).toBe('')
  return { exitCode, ...JSON.parse(stdout) }
}

test('a genuine one is genuine, also with the secret that is being rotated', () => {
  expect(verdictOn()).toMatchObject({ exitCode: 0, ok: true, type: 'order.shipped' })
  const both = outbox(['verify', 'request.txt', '--secret', other, '--secret', secret], { cwd })
  expect(both).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^genuine\torder\.shipped\tmsg_|^genuine\torder/),
  })
})

test.each<[string, Change, string, string]>([
  ['another secret', { secret: other }, 'secret', ''],
  ['a missing header', { headers: { 'webhook-id': undefined } }, 'missing_headers', 'webhook-id'],
  ['an old time', { headers: { 'webhook-timestamp': '1000000000' } }, 'timestamp', 's old'],
  ['a body with a character more', { body: text => `${text} ` }, 'body', ''],
  [
    'a body that was written anew',
    { body: text => JSON.stringify(JSON.parse(text), null, 2) },
    'body',
    'parsed',
  ],
])('%s is named', (_, change, problem, words) => {
  const verdict = verdictOn(change)
  expect(verdict).toMatchObject({ exitCode: 7, ok: false, problem })
  expect(verdict.message).toContain(words)
})

test('headers and body may be given one by one', () => {
  const named = Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`])
  const env = { WEBHOOK_SECRET: secret }
  expect(outbox(['verify', ...named, '--body', body], { env })).toMatchObject({ exitCode: 0 })
  expect(outbox(['verify', ...named, '--body', '-'], { env, input: body })).toMatchObject({ exitCode: 0 })
  expect(outbox(['verify', ...named, '--body', body.replace('17', '18')], { env })).toMatchObject({
    exitCode: 7,
    stdout: expect.stringMatching(/^(secret|signature|body)\t/),
  })
})

test.each([
  ['no request', ['verify', '--secret', secret], 'Which request?'],
  ['no secret', ['verify', '--header', 'a: b', '--body', 'x'], 'WEBHOOK_SECRET'],
  [
    'a secret that is none',
    [
      'verify',
      '--header',
      'webhook-id: b',
      '--header',
      'webhook-timestamp: 1',
      '--header',
      'webhook-signature: v1,x',
      '--body',
      'x',
      '--at',
      '1',
      '--secret',
      'CANARY',
    ],
    'whsec_',
  ],
])('%s is a mistake of usage', (_, args, sentence) => {
  const { exitCode, stdout, stderr } = outbox(args)
  expect([exitCode, stdout]).toEqual([2, ''])
  expect(stderr).toContain(sentence)
  expect(stderr).not.toContain('CANARY')
})
