// `outbox explain`: why did it (not) fire? For an event, for one of its deliveries, or for a row.
import type { Command } from 'commander'
import type { DeliveryWithAttempts } from '../../functions/deliveries/schema.ts'
import type { Explanation, RowExplanation } from '../../functions/events/explain/schema.ts'
import { addCommand } from '../add-command.ts'
import type { Answer } from '../api/answers.ts'
import type { ApiClient } from '../api/client.ts'
import { usageError } from '../exit.ts'
import { type Context, contextOf } from '../globals.ts'
import { stateStyle } from '../show/words.ts'

interface Options {
  readonly table?: string
  readonly key?: string
}

export function addExplain(program: Command): void {
  addCommand(program, 'explain [event-or-delivery]', 'say why a webhook came or did not come', [
    'outbox explain evt_00000000000004d2a1b2c3d4',
    'outbox explain --table orders --key 17',
  ])
    .option('--table <table>', 'say why a row of this table made an event or none')
    .option('--key <key>', "the row: the event's key, or the value of its primary key")
    .action((id: string | undefined, options: Options, command: Command) => {
      const context = contextOf(command)
      if (id !== undefined) return explainId(context, id)
      const { table, key } = options
      if (table === undefined || key === undefined)
        throw usageError(
          'What should be explained? Name an event (evt_…), a delivery (dlv_…), or --table and --key.',
        )
      return explainRow(context, table, key)
    })
}

async function explainId({ api, out }: Context, id: string): Promise<void> {
  const client = await api()
  const delivery = id.startsWith('dlv_') ? await readDelivery(client, id) : null
  const event = delivery?.event_id ?? id
  const explanation = await client.get<Answer<typeof Explanation>>(
    `/v1/events/${encodeURIComponent(event)}/explain`,
  )
  const endpoints = explanation.endpoints.filter(
    ({ endpoint_id }) => delivery === null || endpoint_id === delivery.endpoint_id,
  )
  if (out.isJson) return out.result({ ...explanation, endpoints }, [])
  out.rows(endpoints, [
    { title: 'endpoint', text: ({ endpoint_id }) => endpoint_id },
    {
      title: 'delivery',
      text: ({ delivery_state }) => delivery_state ?? 'none',
      style: ({ delivery_state }) => (delivery_state === null ? 'dim' : stateStyle(delivery_state)),
    },
    { title: 'why', text: ({ story }) => story },
  ])
  if (endpoints.length === 0) out.note('There is no endpoint: outbox endpoints create')
}

const readDelivery = (client: ApiClient, id: string) =>
  client.get<DeliveryWithAttempts>(`/v1/deliveries/${encodeURIComponent(id)}`)

async function explainRow({ api, out }: Context, table: string, key: string): Promise<void> {
  const client = await api()
  const explanation = await client.get<Answer<typeof RowExplanation>>('/v1/explain', {
    table,
    key: key.includes('/') ? key : `${table.split('.').at(-1)}/${key}`,
  })
  const styles = { true: 'green', false: 'red' } as const
  out.result(
    explanation,
    out.table(
      explanation.findings.map(({ holds, finding }) => [
        out.style(styles[`${holds}`], holds ? 'ok' : 'no'),
        finding,
      ]),
    ),
  )
}
