// `outbox test-receiver`, against receivers that are right, and receivers with one fault each.
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { freePort } from '../../dev/ports.ts'
import { verify } from '../../exports/verify.ts'
import { atEnd } from '../support/cleanup.ts'
import { temporaryDirectory } from '../support/server.ts'
import { outboxWhileWeServe } from './command.ts'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

/** Answers each request with the status that `decide` gives. */
async function startReceiver(
  decide: (body: Buffer, request: IncomingMessage) => Promise<number>,
): Promise<string> {
  const server = createServer(async (request, response) => {
    const body = await buffer(request)
    response.writeHead(await decide(body, request)).end()
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  atEnd(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`
}

const right = async (body: Buffer, { headers }: IncomingMessage) =>
  (await verify({ headers, body }, secret)).ok ? 204 : 401

async function failuresOf(
  url: string,
  args: string[] = [],
): Promise<[exitCode: number | null, failed: string[]]> {
  const { exitCode, stdout, stderr } = await outboxWhileWeServe(['test-receiver', url, '--json', ...args], {
    env: { WEBHOOK_SECRET: secret },
  })
  expect(stderr).toBe('')
  const { checks, passed } = JSON.parse(stdout)
  expect(passed).toBe(exitCode === 0)
  return [
    exitCode,
    checks
      .filter(({ result }: { result: string }) => result === 'fail')
      .map(({ check }: { check: string }) => check),
  ]
}

test('a receiver that verifies and answers passes, with an event of its own', async () => {
  const types = new Set<string>()
  const url = await startReceiver(async (body, request) => {
    types.add(JSON.parse(String(body)).type)
    return right(body, request)
  })
  const event = `${temporaryDirectory()}/shipped.json`
  writeFileSync(event, '{"type":"order.shipped","timestamp":"2026-10-01T12:00:00Z","data":{"order_id":17}}')
  expect(await failuresOf(url, ['--event', event])).toEqual([0, []])
  expect([...types].sort()).toEqual(['order.shipped', 'outbox.test_receiver.new_type'])
})

const seen = new Set<string>()
test.each<[string, Parameters<typeof startReceiver>[0], string[]]>([
  [
    'verifies nothing',
    async () => 200,
    ['no signature', 'wrong signature', 'altered body', 'old timestamp', 'future timestamp'],
  ],
  [
    'verifies the parsed body',
    async (body, request) => right(Buffer.from(String(body).trim()), request),
    ['altered body'],
  ],
  [
    'takes requests of any time',
    async (body, { headers }) => {
      const nowSeconds = Number(headers['webhook-timestamp'])
      return (await verify({ headers, body }, secret, { nowSeconds })).ok ? 204 : 401
    },
    ['old timestamp', 'future timestamp'],
  ],
  [
    'fails at a repeat',
    async (body, request) => {
      const status = await right(body, request)
      const id = String(request.headers['webhook-id'])
      if (status === 204 && seen.has(id)) return 500
      seen.add(id)
      return status
    },
    ['repeat', 'duplicate'],
  ],
  [
    'refuses large bodies and unknown types',
    async (body, request) => {
      if (body.length > 100_000) return 413
      return body.includes('new_type') ? 400 : right(body, request)
    },
    ['new type', 'huge'],
  ],
])('a receiver that %s is told so', async (_, decide, failed) => {
  expect(await failuresOf(await startReceiver(decide))).toEqual([7, failed])
})

test('where nobody listens it says that, and sends no more', async () => {
  const url = `http://127.0.0.1:${await freePort()}/`
  const { exitCode, stdout } = await outboxWhileWeServe(['test-receiver', url, '--secret', secret])
  expect([exitCode, stdout]).toEqual([
    7,
    'fail\twebhook\tgave no answer (ECONNREFUSED), and should accept a webhook that is signed with its secret\n',
  ])
})
