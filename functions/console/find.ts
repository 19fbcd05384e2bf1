// The one search field: an id leads to its page, an address to its endpoints, and anything else is taken for an event's key.
import { formatDeliveryId, parseDeliveryId, parseId } from '../../delivery/ids.ts'
import type { ConsoleContext } from './view.ts'

export function find(c: ConsoleContext): Response {
  const asked = (c.req.query('q') ?? '').trim()
  return c.redirect(`${c.var.view.base}/${placeOf(asked)}`, 303)
}

function placeOf(asked: string): string {
  if (parseDeliveryId(asked)) return `deliveries/${asked}`
  const short = /^dlv_…([0-9a-f]{1,16})…([0-9a-f]{1,16})$/.exec(asked)
  if (short) return `deliveries/${formatDeliveryId(BigInt(`0x${short[1]}`), BigInt(`0x${short[2]}`))}`
  if (parseId('evt', asked)) return `events/${asked}`
  if (parseId('ep', asked)) return `endpoints/${asked}`
  if (parseId('rpl', asked)) return `replays/${asked}`
  if (asked === '') return ''
  if (/^https?:\/\/|^[\w-]+(\.[\w-]+)+(\/|$)/.test(asked)) return `endpoints?url=${encodeURIComponent(asked)}`
  return `events?key=${encodeURIComponent(asked)}`
}
