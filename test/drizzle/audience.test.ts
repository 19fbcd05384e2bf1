// Which endpoints get an event: the fan-out finds them by index, and the rule is outbox.matches().
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { addEndpoint, greedy, storeOn } from '../support/outbox.ts'

const types = ['order.shipped', 'order.a.b', 'order', 'invoice.paid', 'outbox.test']
const tenants = [null, null, 'acme', 'globex']
const wishes = [
  '*',
  'order.*',
  'order.a.*',
  'order.shipped',
  'order',
  'invoice.paid',
  'outbox.test',
  'outbox.*',
]

const endpoints = fc.array(
  fc.record({
    event_types: fc.option(fc.uniqueArray(fc.constantFrom(...wishes), { minLength: 1, maxLength: 3 })),
    tenant: fc.constantFrom(...tenants),
    state: fc.constantFrom('active', 'active', 'paused', 'disabled'),
    ordering: fc.constantFrom('none', 'none', 'key'),
  }),
  { minLength: 1, maxLength: 12 },
)
const events = fc.array(fc.record({ type: fc.constantFrom(...types), tenant: fc.constantFrom(...tenants) }), {
  minLength: 1,
  maxLength: 8,
})

test('an event becomes a delivery for exactly those endpoints that want its type and tenant', async () => {
  const client = await (await freshDatabase()).connect()
  const store = storeOn(client)
  await fc.assert(
    fc.asyncProperty(endpoints, events, async (wanting, happened) => {
      await client.query(
        `truncate outbox.events, outbox.fanout, outbox.delivery_rows, outbox.delivery_groups, outbox.endpoints,
                  outbox.endpoint_health cascade`,
      )
      for (const endpoint of wanting)
        await addEndpoint(client, {
          url: 'https://a.example',
          ...endpoint,
          disabled_reason: endpoint.state === 'disabled' ? 'manual' : null,
        })
      for (const { type, tenant } of happened)
        await client.query(`select outbox.emit($1, '{}'::json, tenant => $2)`, [type, tenant])
      await store.fanOut(greedy('a:1'))
      const made = await client.query('select endpoint_id, event_id from outbox.deliveries order by 1, 2')
      const wanted = await client.query(
        `select p.id as endpoint_id, e.id as event_id
         from outbox.endpoints p
         join outbox.events e on outbox.matches(p.event_types, e.type) and (p.tenant is null or p.tenant = e.tenant)
         where p.state <> 'disabled'
         order by 1, 2`,
      )
      expect(made.rows).toEqual(wanted.rows)
    }),
    { numRuns: 40 },
  )
})
