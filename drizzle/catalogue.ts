// The catalogue: every event type that the database can produce, with a JSON Schema of its data and an example. It is made
// from the database as it is now, so a migration that changes a payload shows here.
import { type Field, fieldExample, fieldSchema, objectOf, orNull, type Schema } from './json-schema.ts'
import { eventTypes } from './queries.gen.ts'
import type { Run } from './run.ts'

export interface EventType {
  readonly type: string
  /** The table it comes from; null = the outbox itself. */
  readonly table: string | null
  readonly operations: readonly string[]
  /** JSON Schema 2020-12 of the webhook's `data`. */
  readonly schema: Schema
  readonly example: unknown
}

export async function readCatalogue(run: Run): Promise<EventType[]> {
  const rows = await eventTypes(run)
  const watched = rows.map(({ type, relation: table, operations, fields, isRow }) => {
    // An expression for the whole data may give anything.
    const members: Field[] | null = fields === null ? null : JSON.parse(fields)
    if (members === null) return { type, table, operations, schema: {}, example: {} }
    const data = isRow ? rowChange(table, operations, members) : fieldsOf(members)
    return { type, table, operations, ...data }
  })
  return [...watched, ...own].sort((a, b) => (a.type < b.type ? -1 : 1))
}

function fieldsOf(fields: readonly Field[]) {
  return {
    schema: objectOf(Object.fromEntries(fields.map(field => [field.name, fieldSchema(field)]))),
    example: Object.fromEntries(fields.map(field => [field.name, fieldExample(field)])),
  }
}

/** What outbox.data_sql() makes of a watch without data of its own. */
function rowChange(table: string, operations: readonly string[], columns: readonly Field[]) {
  const row = fieldsOf(columns)
  const [first] = operations
  /** `new` and `old` are there in some of the type's operations, in all, or in none. */
  const shownIn = (where: readonly string[], schema: Schema): Schema => {
    const shown = operations.filter(operation => where.includes(operation))
    if (shown.length === 0) return { type: 'null' }
    return shown.length === operations.length ? schema : orNull(schema)
  }
  return {
    schema: objectOf({
      table: { const: table },
      operation: { enum: operations },
      new: shownIn(['insert', 'update'], row.schema),
      old: shownIn(['update', 'delete'], row.schema),
      changed: shownIn(['update'], { type: 'array', items: { type: 'string' } }),
    }),
    example: {
      table,
      operation: first,
      new: first === 'insert' || first === 'update' ? row.example : null,
      old: first === 'update' || first === 'delete' ? row.example : null,
      changed: first === 'update' ? columns.slice(-1).map(column => column.name) : null,
    },
  }
}

const string = { type: 'string' }
const ownType = (type: string, properties: Record<string, Schema>, example: unknown): EventType => ({
  type,
  table: null,
  operations: [],
  schema: objectOf(properties),
  example,
})

const health = {
  endpoint_id: string,
  description: orNull(string),
  failing_since: orNull({ type: 'string', format: 'date-time' }),
}
const healthExample = {
  endpoint_id: 'ep_00000000000000010badcafe',
  description: 'billing',
  failing_since: '2026-10-01T12:00:00.000000Z',
}

/** Events about the outbox itself. Only endpoints that name these types get them. */
const own: readonly EventType[] = [
  ownType(
    'outbox.capture.failed',
    // Of an emitted event: no table, the operation `emit`, and the event's type.
    { table: orNull(string), operation: string, sqlstate: string },
    { table: 'public.invoices', operation: 'update', sqlstate: '22012' },
  ),
  ownType(
    'outbox.endpoint.disabled',
    {
      endpoint_id: string,
      description: orNull(string),
      reason: { enum: ['gone', 'failing', 'manual', 'idle'] },
      failing_since: orNull({ type: 'string', format: 'date-time' }),
    },
    {
      endpoint_id: 'ep_00000000000000010badcafe',
      description: 'billing',
      reason: 'failing',
      failing_since: '2026-10-01T12:00:00.000000Z',
    },
  ),
  ownType('outbox.endpoint.failing', health, healthExample),
  ownType('outbox.endpoint.recovered', health, healthExample),
  ownType(
    'outbox.delivery.dead',
    {
      delivery_id: string,
      event_id: string,
      type: string,
      endpoint_id: string,
      description: orNull(string),
      attempts: { type: 'integer' },
      reason: orNull(string),
    },
    {
      delivery_id: 'dlv_00000000000004d20000000000000001',
      event_id: 'evt_00000000000004d2a1b2c3d4',
      type: 'order.shipped',
      endpoint_id: 'ep_00000000000000010badcafe',
      description: 'billing',
      attempts: 9,
      reason: 'bad_status',
    },
  ),
  ownType(
    'outbox.capture.broken',
    {
      checks: {
        type: 'array',
        items: {
          type: 'object',
          properties: { name: string, value: { type: 'number' }, advice: string },
          required: ['name', 'value', 'advice'],
        },
      },
    },
    { checks: [{ name: 'broken_triggers', value: 1, advice: 'Call outbox.watch() again.' }] },
  ),
  ownType(
    'outbox.backlog.growing',
    { oldest_pending_seconds: { type: 'number' }, minutes: { type: 'integer' } },
    { oldest_pending_seconds: 312.4, minutes: 5 },
  ),
]
