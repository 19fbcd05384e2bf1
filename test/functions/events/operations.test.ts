// Writing and explaining events, without HTTP.
import { beforeAll, expect, test } from 'vitest'
import { explainEvent } from '../../../functions/events/explain/read.ts'
import { emitEvent } from '../../../functions/events/operations.ts'
import { findEvent } from '../../../functions/events/read.ts'
import { operator, startOperations, tenant } from '../operations.ts'

let ports: Awaited<ReturnType<typeof startOperations>>
beforeAll(async () => {
  ports = await startOperations()
})

const event = { type: 'invoice.paid', data: { amount: 1 }, key: null, tenant: null }

test('an event is written, and read with the text of its data', async () => {
  const { id } = (await emitEvent(ports.db, operator, event)) as { id: string }
  expect(await findEvent(ports.db, id, operator)).toMatchObject({
    type: 'invoice.paid',
    data: { text: '{"amount": 1}' },
  })
  expect(await explainEvent(ports.db, id)).toEqual({ id, endpoints: [] })
})

test('an event of a tenant is that tenant’s, and unknown to another', async () => {
  const { id } = (await emitEvent(ports.db, tenant('7'), event)) as { id: string }
  expect(await findEvent(ports.db, id, tenant('7'))).toMatchObject({ tenant: '7' })
  expect(await findEvent(ports.db, id, tenant('8'))).toBeNull()
})

test('a refused event says why, and nothing is written', async () => {
  const count = async () => (await ports.client.query('select from outbox.events')).rowCount
  const before = await count()
  expect(await emitEvent(ports.db, tenant('7'), { ...event, tenant: '8' })).toBe('other tenant')
  expect(await emitEvent(ports.db, operator, { ...event, data: '\0' })).toEqual({
    wrongData: 'contains a character that can not be stored',
  })
  expect(await emitEvent(ports.db, operator, { ...event, data: 'x'.repeat(256 * 1024) })).toBe('too large')
  expect(await count()).toBe(before)
})
