// `outbox endpoints`: receivers of webhooks. The first one is made without the functions.
import { type Command, Option } from 'commander'
import type { Endpoint, ListedEndpoint } from '../../functions/endpoints/schema.ts'
import { addCommand, explain } from '../add-command.ts'
import { confirm } from '../confirm.ts'
import { addSettings, type EndpointOptions, settingsOf } from '../endpoint-options.ts'
import { usageError } from '../exit.ts'
import { type Context, contextOf } from '../globals.ts'
import { duration } from '../output.ts'
import { wholeNumber } from '../parse.ts'
import { fieldLines } from '../show/fields.ts'
import { stateStyle, stateWord } from '../show/words.ts'

type Shown = Endpoint & { readonly secret?: string; readonly public_key?: string }

const id = 'ep_0000000000000001a1b2c3d4'
/** What the API takes where nothing is said. */
const defaultOverlapSeconds = 86_400

export function addEndpoints(program: Command): void {
  const endpoints = explain(program.command('endpoints'), 'receivers of webhooks', [
    'outbox endpoints create --url https://example.com/webhooks --types order.*',
    'outbox endpoints list',
  ])
  addReading(endpoints)
  addChanging(endpoints)
  addActions(endpoints)
}

function addReading(endpoints: Command): void {
  addCommand(endpoints, 'list', 'list endpoints, newest first', [
    'outbox endpoints list',
    `outbox endpoints list --json | jq -r 'select(.state == "disabled").id'`,
  ])
    .option('--limit <n>', 'how many at most', wholeNumber, 200)
    .action(({ limit }: { limit: number }, command: Command) => listEndpoints(contextOf(command), limit))
  addCommand(endpoints, 'get <endpoint>', 'print an endpoint with its settings and keys', [
    `outbox endpoints get ${id}`,
    `outbox endpoints get ${id} --json | jq .state`,
  ]).action(async (endpoint: string, _options, command: Command) => {
    const context = contextOf(command)
    show(context, await (await context.api()).get<Endpoint>(pathOf(endpoint)))
  })
}

function addChanging(endpoints: Command): void {
  const create = addCommand(
    endpoints,
    'create',
    'register a receiver; prints the secret that it verifies webhooks with',
    [
      'outbox endpoints create --url https://example.com/webhooks --types order.*',
      'outbox endpoints create --url https://example.com/hooks --tenant acme --ordering key',
    ],
  ).requiredOption('--url <url>', 'where webhooks are posted to')
  addSettings(create)
    .addOption(
      new Option('--signing <kind>', 'how it is signed (default: hmac)').choices(['hmac', 'ed25519']),
    )
    .addHelpText(
      'after',
      '\nWithout a server it needs OUTBOX_MASTER_KEYS, because the secret is sealed with it. http:// needs' +
        '\nOUTBOX_ALLOW_HTTP=true, and addresses that are not public OUTBOX_ALLOW_PRIVATE_NETWORKS, for the listener too.',
    )
    .action((options: EndpointOptions, command: Command) => createEndpoint(contextOf(command), options))
  const update = addCommand(endpoints, 'update <endpoint>', 'change settings; what is left out stays', [
    `outbox endpoints update ${id} --types order.shipped order.canceled`,
    `outbox endpoints update ${id} --rate 10`,
  ]).option('--url <url>', 'where webhooks are posted to')
  addSettings(update).action(async (endpoint: string, options: EndpointOptions, command: Command) => {
    const context = contextOf(command)
    const changes = settingsOf(options)
    if (Object.keys(changes).length === 0) throw usageError('Nothing to change: name at least one setting.')
    show(context, await (await context.api()).patch<Endpoint>(pathOf(endpoint), changes))
  })
}

function addActions(endpoints: Command): void {
  addCommand(endpoints, 'pause <endpoint>', 'stop sending; deliveries pile up until it is resumed', [
    `outbox endpoints pause ${id}`,
    `outbox endpoints pause ${id} --quiet`,
  ]).action(act('pause', endpoint => `undo: outbox endpoints resume ${endpoint}`))
  addCommand(endpoints, 'resume <endpoint>', 'go on sending, also to a disabled endpoint', [
    `outbox endpoints resume ${id}`,
    `outbox endpoints resume ${id} && outbox replay ${id} --since 2h`,
  ]).action(
    act('resume', endpoint => `what it missed while it was disabled: outbox replay ${endpoint} --since 2h`),
  )
  addCommand(endpoints, 'test <endpoint>', 'send it one event of type outbox.test', [
    `outbox endpoints test ${id}`,
    `outbox deliveries get $(outbox endpoints test ${id} --json | jq -r .delivery_id) --wait delivered`,
  ]).action(async (endpoint: string, _options, command: Command) => {
    const { api, out } = contextOf(command)
    const sent = await (await api()).post<{ event_id: string; delivery_id: string }>(
      `${pathOf(endpoint)}/test`,
    )
    out.result(sent, [sent.delivery_id])
    out.note(`next: outbox deliveries get ${sent.delivery_id} --wait delivered`)
  })
  addCommand(endpoints, 'rotate <endpoint>', 'sign with a new key, and for a while with the old one too', [
    `outbox endpoints rotate ${id}`,
    `outbox endpoints rotate ${id} --overlap 0 --yes`,
  ])
    .option('--overlap <seconds>', 'how long the old key goes on signing (default: 86400)', wholeNumber)
    .option('-y, --yes', 'do not ask, also with --overlap 0')
    .action(rotate)
  addCommand(endpoints, 'delete <endpoint>', 'delete it: what waits for it is canceled, its history stays', [
    `outbox endpoints delete ${id}`,
    `outbox endpoints delete ${id} --yes`,
  ])
    .option('-y, --yes', 'do not ask')
    .action(async (endpoint: string, { yes }: { yes?: boolean }, command: Command) => {
      const context = contextOf(command)
      const client = await context.api()
      const { url } = await client.get<Endpoint>(pathOf(endpoint))
      await confirm(context, { what: `This deletes ${endpoint} (${withoutQuery(url)}) for good.`, yes })
      await client.delete(pathOf(endpoint))
      context.out.result({ id: endpoint, deleted: true }, [endpoint])
    })
}

const withoutQuery = (url: string) => url.replace(/\?.*/s, '?***')
const pathOf = (endpoint: string) => `/v1/endpoints/${encodeURIComponent(endpoint)}`

async function listEndpoints({ api, out }: Context, limit: number): Promise<void> {
  const found = await (await api()).all<ListedEndpoint>('/v1/endpoints', {}, limit)
  out.rows(found, [
    { title: 'endpoint', text: endpoint => endpoint.id },
    {
      title: 'state',
      text: ({ state }) => stateWord(state, out.isTerminal),
      style: ({ state }) => stateStyle(state),
    },
    { title: 'name', text: endpoint => endpoint.name ?? '-' },
    { title: 'url', text: endpoint => endpoint.url, isProse: true },
    { title: 'types', text: endpoint => endpoint.event_types?.join(',') ?? 'all' },
    { title: 'tenant', text: endpoint => endpoint.tenant ?? '-' },
    { title: 'created', text: endpoint => out.time(endpoint.created_at) },
    { title: 'why', text: endpoint => endpoint.disabled_reason ?? '-' },
  ])
  if (found.length === 0) out.note('There is none: outbox endpoints create --url https://…')
}

async function createEndpoint(context: Context, options: EndpointOptions): Promise<void> {
  const { out } = context
  const settings = settingsOf(options)
  const created = await create(context, settings)
  const key = created.secret ?? created.public_key ?? ''
  out.result(created, [created.id, key])
  out.note('The second line is what the receiver verifies webhooks with. It is shown only once.')
  out.note(`next: outbox endpoints test ${created.id}\nundo: outbox endpoints delete ${created.id}`)
}

async function create(context: Context, settings: Readonly<Record<string, unknown>>) {
  if (context.target().kind === 'server') return (await context.api()).post<Shown>('/v1/endpoints', settings)
  // Loaded when it is needed: validation by zod would make every command start later.
  const { createInDatabase } = await import('../create-endpoint.ts')
  return createInDatabase(context, settings) as Promise<Pick<Shown, 'id' | 'secret' | 'public_key'>>
}

async function rotate(endpoint: string, options: { overlap?: number; yes?: boolean }, command: Command) {
  const context = contextOf(command)
  const { overlap, yes } = options
  if (overlap === 0)
    await confirm(context, {
      what: `The old key of ${endpoint} ends at once, so its receiver must have the new one.`,
      yes,
    })
  const body = overlap === undefined ? {} : { overlap_seconds: overlap }
  const rotated = await (await context.api()).post<Shown>(`${pathOf(endpoint)}/rotate`, body)
  context.out.result(rotated, [rotated.id, rotated.secret ?? rotated.public_key ?? ''])
  const old = overlap === 0 ? 'has ended' : `signs too, for ${duration(overlap ?? defaultOverlapSeconds)}`
  context.out.note(`The second line is the new key. It is shown only once. The old one ${old}.`)
  context.out.note(`next: outbox endpoints test ${endpoint}`)
}

function act(name: 'pause' | 'resume', hint: (endpoint: string) => string) {
  return async (endpoint: string, _options: object, command: Command) => {
    const { api, out } = contextOf(command)
    const changed = await (await api()).post<Endpoint>(`${pathOf(endpoint)}/${name}`)
    out.result(changed, [`${changed.id}\t${changed.state}`])
    out.note(hint(endpoint))
  }
}

function show({ out }: Context, endpoint: Endpoint): void {
  out.result(endpoint, fieldLines({ ...endpoint, keys: endpoint.keys.map(({ signing }) => signing) }, out))
}
