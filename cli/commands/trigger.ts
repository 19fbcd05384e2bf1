// `outbox trigger`: writes a real event, made from the catalogue's example. Every endpoint that wants it gets it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { EventTypes } from '../../functions/events/types/schema.ts'
import { addCommand } from '../add-command.ts'
import type { Answer } from '../api/answers.ts'
import type { ApiClient } from '../api/client.ts'
import { CommandError, exitCodes, usageError } from '../exit.ts'
import { type Context, contextOf } from '../globals.ts'
import { jsonText } from '../output.ts'
import { collect, textOf } from '../parse.ts'

interface Options {
  readonly data?: string
  readonly set?: string[]
  readonly key?: string
  readonly tenant?: string
  readonly edit?: boolean
}

interface Written {
  readonly id: string
  readonly type: string
}

export function addTrigger(program: Command): void {
  addCommand(program, 'trigger <type>', "write a real event, made from the catalogue's example", [
    'outbox trigger order.shipped --set order_id=17 --key orders/17',
    'outbox trigger invoice.paid --data @invoice.json',
  ])
    .option(
      '--data <json>',
      'the data: JSON, @file, or - for standard input (default: the example of the catalogue)',
    )
    .option('--set <path=value>', 'change the data at a path: a.b=1; may be given several times', collect)
    .option('--key <key>', 'what it is about; what is ordered by')
    .option('--tenant <tenant>', 'whose it is')
    .option('--edit', 'edit the data in $EDITOR before it is sent')
    .action((type: string, options: Options, command: Command) => trigger(contextOf(command), type, options))
}

async function trigger(context: Context, type: string, options: Options): Promise<void> {
  const client = await context.api()
  const start = options.data === undefined ? await exampleOf(client, type) : await textOf(options.data)
  const changed = changedText(start, options.set ?? [])
  const data = options.edit ? edit(changed, context) : changed
  const { key = null, tenant = null } = options
  const rest = jsonText({ type, key, tenant }).slice(1, -1)
  // The data's text as it is: numbers stay as they were written.
  const event = await client.post<Written>('/v1/events', `{${rest},"data":${requireJson(data)}}`)
  context.out.result(event, [event.id])
  context.out.note(`next: outbox events get ${event.id}`)
}

async function exampleOf(client: ApiClient, type: string): Promise<string> {
  const { data } = await client.get<Answer<typeof EventTypes>>('/v1/event-types')
  const found = data.find(entry => entry.type === type)
  if (found) return jsonText(found.example)
  const known = data.map(entry => entry.type).filter(name => !name.startsWith('outbox.'))
  throw new CommandError(
    exitCodes.notFound,
    `The catalogue has no ${type}${known.length > 0 ? `, but ${known.join(', ')}` : ''}. For any other type give --data.`,
  )
}

function changedText(text: string, changes: readonly string[]): string {
  if (changes.length === 0) return text
  const data = JSON.parse(requireJson(text))
  for (const change of changes) set(data, change)
  return JSON.stringify(data)
}

function set(data: unknown, change: string): void {
  const at = change.indexOf('=')
  if (at < 1) throw usageError('--set takes path=value, such as a.b=1.')
  const path = change.slice(0, at).split('.')
  const last = path.pop()!
  let place = data
  for (const name of path) {
    if (typeof place !== 'object' || place === null) break
    const inside = place as Record<string, unknown>
    place = inside[name] ??= {}
  }
  if (typeof place !== 'object' || place === null)
    throw usageError(`--set ${change.slice(0, at)}: there is no object to set it in.`)
  Object.defineProperty(place, last, {
    value: settingOf(change.slice(at + 1)),
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

/** JSON where it is some; else text, so that nobody has to quote a quote. */
function settingOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function requireJson(text: string): string {
  try {
    JSON.parse(text)
    return text
  } catch {
    throw usageError('The data is not valid JSON.')
  }
}

function edit(text: string, { canAsk, env }: Context): string {
  const editor = env.VISUAL || env.EDITOR
  if (!editor && !canAsk) throw usageError('--edit needs a terminal, or EDITOR.')
  const folder = mkdtempSync(join(tmpdir(), 'outbox-'))
  const file = join(folder, 'data.json')
  // Ctrl-C is the editor's, and must not leave the file behind.
  const stay = () => {}
  process.on('SIGINT', stay)
  try {
    writeFileSync(file, `${pretty(text)}\n`, { mode: 0o600 })
    const { status } = spawnSync(`${editor || 'vi'} "${file}"`, { shell: true, stdio: 'inherit' })
    if (status !== 0)
      throw new CommandError(exitCodes.interrupted, 'The editor did not end well. Nothing was sent.')
    return readFileSync(file, 'utf8')
  } finally {
    process.off('SIGINT', stay)
    rmSync(folder, { recursive: true, force: true })
  }
}

const pretty = (text: string) => JSON.stringify(JSON.parse(requireJson(text)), null, 2)
