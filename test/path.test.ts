// Walks the life of an event as docs/life-of-an-event.md tells it: first the files, then one real event.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { startApi } from './functions/api.ts'
import { fillShop } from './functions/shop/shop.ts'
import { eventually } from './support/eventually.ts'
import { startTestListener } from './support/outbox.ts'
import { startReceiver } from './support/receiver.ts'

const root = join(import.meta.dirname, '..')
const page = 'docs/life-of-an-event.md'
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** ``3. [`worker/claim/fan-out-loop.ts`](../worker/claim/fan-out-loop.ts): …``, the numbered list of the page. */
const steps = [...read(page).matchAll(/^(\d+)\. \[`([^`]+)`\]\(([^)]+)\)/gm)].map(
  ([, number, file, link]) => ({
    number: Number(number),
    file: file!,
    linked: join(dirname(page), link!),
  }),
)

test('the page lists ten steps, and each name links to its file', () => {
  expect(steps.map(step => step.number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  for (const { file, linked } of steps) expect(linked).toBe(file)
})

test('the first line of each file says which step it is', () => {
  for (const { number, file } of steps) {
    const comment = file.endsWith('.sql') ? '--' : '//'
    expect(read(file).split('\n')[0], file).toMatch(new RegExp(`^${comment} Step ${number}\\b`))
  }
})

test('the `Next:` of each file leads through all ten steps', () => {
  const walked = [steps[0]!.file]
  for (let next = nextOf(walked[0]!); next !== undefined; next = nextOf(next)) {
    expect(walked, 'a file leads back').not.toContain(next)
    walked.push(next)
  }
  const files = steps.map(step => step.file)
  expect(walked.filter(file => files.includes(file))).toEqual(files)
})

const nextOf = (file: string) => /^(?:\/\/|--) Next: (\S+)$/m.exec(read(file))?.[1]

test('one event takes all steps, from a PATCH to a verified webhook and its recorded attempt', async () => {
  const api = await startApi()
  await fillShop(api.db)
  const receiver = await startReceiver()
  await api.db.query(`insert into orders (id, client_id) values (17, 1)`)
  await api.db.query(`insert into order_items (order_id, item_id) values (17, 1), (17, 2)`)
  const endpoint = await api.post('/v1/endpoints', { url: `${receiver.url}/hook`, event_types: ['order.*'] })
  expect(endpoint.status).toBe(201)
  const listener = await startTestListener(api.database.url)

  // 1 and 2: the update, and the event in the same transaction
  const order = await api.patch('/orders/update', { id: 17, status: 'shipped' })
  expect(order).toMatchObject({ status: 200, body: { id: 17, status: 'shipped' } })

  // 3 to 8: woken, claimed, signed, sent
  const [request] = await receiver.waitFor(1)
  new Webhook(endpoint.body.secret).verify(request!.body, request!.headers as Record<string, string>)
  expect(JSON.parse(request!.body.toString())).toMatchObject({
    type: 'order.shipped',
    data: { order_id: 17, client_id: 1, status: 'shipped', previous_status: 'created', item_ids: [1, 2] },
  })

  // 9 and 10: classified, settled, recorded
  const id = String(request!.headers['webhook-id'])
  const event = await eventually(async () => {
    const answer = await api.get(`/v1/events/${id}`)
    return answer.body.deliveries[0]?.state === 'delivered' && answer.body
  })
  expect(event).toMatchObject({ id, type: 'order.shipped', key: 'orders/17', tenant: '1' })
  const delivery = await api.get(`/v1/deliveries/${event.deliveries[0].id}`)
  expect(delivery.body.attempts).toMatchObject([
    { number: 1, sender: 'listener', response_status: 200, error: null },
  ])
  expect(await listener.stop()).toBe(true)
  expect(receiver.requests).toHaveLength(1)
})
