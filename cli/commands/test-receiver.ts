// `outbox test-receiver`: sends a receiver an event in every unpleasant way, and says what it should have done.
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { createSender, type EventToSend } from '../../testing/sender.ts'
import { addCommand } from '../add-command.ts'
import { CommandError, exitCodes } from '../exit.ts'
import { type Context, contextOf } from '../globals.ts'
import { examineReceiver } from '../test-receiver/examine.ts'

interface Options {
  readonly secret?: string
  readonly event?: string
}

export function addTestReceiver(program: Command): void {
  addCommand(
    program,
    'test-receiver <url>',
    'send a receiver repeats, late, huge, slow and forged webhooks, and say what it should have done',
    [
      'WEBHOOK_SECRET=whsec_… outbox test-receiver http://localhost:3000/webhooks',
      'outbox test-receiver http://localhost:3000/webhooks --event shipped.json',
    ],
  )
    .option('--secret <secret>', 'what the receiver verifies with (default: WEBHOOK_SECRET)')
    .option('--event <file>', 'the body of a webhook that it knows (default: one of type outbox.test)')
    .addHelpText(
      'after',
      '\nThe receiver does its work for these events, so do not name one that is in production. The exit code is 7 when it' +
        '\nshould have done otherwise.',
    )
    .action(async (url: string, options: Options, command: Command) => {
      const context = contextOf(command)
      const subject = await subjectOf(context, url, options)
      const findings = await examineReceiver(subject)
      const failed = findings.filter(({ result }) => result === 'fail').length
      const { out } = context
      const rows = findings.map(({ result, check, message }) => [
        out.style(result === 'ok' ? 'green' : 'red', result),
        check,
        message,
      ])
      out.result({ passed: failed === 0, checks: findings }, out.table(rows))
      if (failed > 0) process.exitCode = exitCodes.isFalse
    })
}

async function subjectOf({ env }: Context, url: string, options: Options) {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new CommandError(exitCodes.usage, 'The URL is not valid: expected http:// or https://.')
  const secret = options.secret ?? env.WEBHOOK_SECRET ?? ''
  const event = options.event === undefined ? ownEvent : readEvent(options.event)
  const sender = createSender({ url, secret })
  await sender.prepare(event).catch(() => {
    throw new CommandError(
      exitCodes.usage,
      'Without its secret the receiver refuses everything: set WEBHOOK_SECRET, or use --secret with whsec_… or whsk_….',
    )
  })
  return { url, secret, event, sender }
}

const ownEvent: EventToSend = { type: 'outbox.test', data: { endpoint_id: 'ep_test_receiver' } }

/** Its time is left out: each request says when it would have happened. */
function readEvent(file: string): EventToSend {
  try {
    const { type, data } = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof type === 'string' && data !== undefined) return { type, data }
  } catch {}
  throw new CommandError(
    exitCodes.usage,
    `${file} has no webhook: expected a JSON object with type and data.`,
  )
}
