// `outbox verify`: is this webhook genuine, and if not, what is wrong with it? Needs neither server nor network.
import type { Command } from 'commander'
import { verify } from '../../receivers/verify.ts'
import { addCommand } from '../add-command.ts'
import { exitCodes, usageError } from '../exit.ts'
import { type Context, contextOf } from '../globals.ts'
import { collect, textOf } from '../parse.ts'
import { alterationOf } from '../verify/alteration.ts'
import { bytesOf, headersOf, parseRequest, type RecordedRequest } from '../verify/request.ts'

interface Options {
  readonly secret?: string[]
  readonly header?: string[]
  readonly body?: string
  readonly at?: string
}

export function addVerify(program: Command): void {
  addCommand(
    program,
    'verify [request]',
    'say whether a recorded webhook is genuine, and what is wrong with it',
    [
      'outbox verify --secret whsec_… @request.txt',
      'outbox verify --header "webhook-id: evt_…" --header "webhook-timestamp: 1796000000" --header "webhook-signature: v1,…" --body @body.json',
    ],
  )
    .option(
      '--secret <secret>',
      'what the receiver verifies with; several while it is rotated (default: WEBHOOK_SECRET)',
      collect,
    )
    .option('--header <name:value>', 'a header of the request; may be given several times', collect)
    .option('--body <body>', 'the body, byte for byte: text, @file, or - for standard input')
    .option('--at <time>', 'when it came, for one that is not of today (default: now)')
    .addHelpText(
      'after',
      '\nThe request is @file, or - for standard input: lines with headers, an empty line, the body. The exit code is 7 when' +
        '\nit is not genuine.',
    )
    .action((request: string | undefined, options: Options, command: Command) =>
      verifyRequest(contextOf(command), request, options),
    )
}

async function verifyRequest(
  { env, out }: Context,
  source: string | undefined,
  options: Options,
): Promise<void> {
  const request = await requestOf(source, options)
  const secrets = options.secret ?? (env.WEBHOOK_SECRET ? [env.WEBHOOK_SECRET] : [])
  if (secrets.length === 0) throw usageError('Verify with what? Use --secret, or set WEBHOOK_SECRET.')
  const nowSeconds = options.at === undefined ? Date.now() / 1000 : secondsOf(options.at)
  const verdict = await judge(request, secrets, nowSeconds)
  out.result(verdict, [
    verdict.ok
      ? `${out.style('green', 'genuine')}\t${verdict.type}\t${verdict.webhook_id}`
      : `${out.style('red', verdict.problem)}\t${verdict.message}`,
  ])
  if (!verdict.ok) process.exitCode = exitCodes.isFalse
}

async function judge(request: RecordedRequest, secrets: readonly string[], nowSeconds: number) {
  const incoming = { headers: request.headers, body: request.body }
  const verified = await verify(incoming, secrets, { nowSeconds }).catch(error => {
    throw error instanceof TypeError ? usageError(`The secret is not valid: ${error.message}.`) : error
  })
  if (verified.ok) return { ok: true, webhook_id: verified.webhookId, type: verified.event.type } as const
  const { problem, message } = verified
  const alteration =
    problem === 'secret' || problem === 'signature' || problem === 'body'
      ? await alterationOf(request, secrets, nowSeconds)
      : null
  if (alteration === null) return { ok: false, problem, message } as const
  return { ok: false, problem: 'body', message: `The body was altered: ${alteration}.` } as const
}

async function requestOf(source: string | undefined, { header, body }: Options): Promise<RecordedRequest> {
  if (source !== undefined && (header || body))
    throw usageError('Give the request, or --header and --body, not both.')
  if (source !== undefined)
    return parseRequest(await textOf(source === '-' ? '-' : `@${source.replace(/^@/, '')}`))
  if (!header || body === undefined)
    throw usageError('Which request? Name a file, - for standard input, or --header and --body.')
  return { headers: headersOf(header), body: bytesOf(await textOf(body)) }
}

function secondsOf(text: string): number {
  const seconds = /^\d{1,12}$/.test(text) ? Number(text) : Date.parse(text) / 1000
  if (Number.isNaN(seconds))
    throw usageError('--at takes a time, such as 2026-11-27T10:00:00Z or 1796000000.')
  return seconds
}
