// The example shop's data: equal numbers give equal data.
import { randomFrom } from '../random.ts'

const CLIENTS = [
  'Alder & Ash',
  'Bluewater Books',
  'Cinder Coffee',
  'Driftwood Decor',
  'Elm Street Eyewear',
  'Foxglove Florals',
  'Granite Gear',
  'Harbor Hats',
  'Ivory Instruments',
  'Juniper Juices',
]
const MATERIALS = ['Walnut', 'Glass', 'Linen', 'Copper', 'Marble']
const THINGS = ['lamp', 'vase', 'shelf', 'mirror', 'bench', 'clock', 'tray', 'stool', 'frame', 'bowl']
const FEE_KINDS = ['heavy item', 'large item', 'fragile item'] as const
const ITEMS_PER_CLIENT = 10
const ORDERS = 1000

/** Rows by table, in an order that foreign keys allow. */
export function shop(number: number) {
  const random = randomFrom(number)

  const clients = CLIENTS.map((name, index) => ({ id: index + 1, name, email: emailOf(name) }))
  const items = clients.flatMap(client =>
    count(ITEMS_PER_CLIENT).map(n => ({
      id: (client.id - 1) * ITEMS_PER_CLIENT + n,
      client_id: client.id,
      name: `${random.pick(MATERIALS, 1)[0]} ${THINGS[n - 1]}`,
    })),
  )
  const fulfillment_fees = clients.map(({ id }) => ({
    id,
    client_id: id,
    amount_cents: random.between(250, 950),
  }))
  const item_fees = items
    .filter(() => random.chance(0.4))
    .flatMap(item => random.pick(FEE_KINDS, random.between(1, 2)).map(kind => ({ item_id: item.id, kind })))
    .map((fee, index) => ({ id: index + 1, ...fee, amount_cents: random.between(50, 500) }))

  const orders = count(ORDERS).map(id => ({
    id,
    client_id: random.between(1, clients.length),
    status: 'created',
  }))
  const order_items = orders.flatMap(order => {
    const own = items.filter(item => item.client_id === order.client_id)
    return random.pick(own, random.between(1, 5)).map(item => ({ order_id: order.id, item_id: item.id }))
  })
  return { clients, items, fulfillment_fees, item_fees, orders, order_items }
}

const count = (n: number) => Array.from({ length: n }, (_, index) => index + 1)

const emailOf = (name: string) => `orders@${name.toLowerCase().replace(/[^a-z]+/g, '-')}.example`
