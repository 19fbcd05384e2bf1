// Forms that send: a delivery again. And those that show what is hidden.
import { Hono } from 'hono'
import { parseDeliveryId } from '../../../delivery/ids.ts'
import { callerOf } from '../../access/caller.ts'
import { limitCost } from '../../access/rate-limit.ts'
import { redeliver } from '../../deliveries/operations.ts'
import { findDelivery } from '../../deliveries/read.ts'
import { redeliverCost } from '../../deliveries/schema.ts'
import { showEventData } from '../../events/show.ts'
import { withCost } from '../cost.ts'
import { requireChange } from '../guard.ts'
import { showDelivery } from '../pages/delivery.ts'
import { showEvent } from '../pages/event.ts'
import { renderFailure, renderRefusal } from '../pages/refusal.ts'
import type { ConsoleApp } from '../view.ts'

export const sendingForms = new Hono<ConsoleApp>()

sendingForms.post(
  '/console/deliveries/:id/redeliver',
  requireChange,
  withCost(limitCost(redeliverCost)),
  async c => {
    const id = c.req.param('id')
    const { db, view, requestId } = c.var
    const back = `${view.base}/deliveries/${id}`
    switch (await redeliver(db, callerOf(c as never), id)) {
      case 'redelivered':
        return c.redirect(back, 303)
      case 'unknown':
        return renderRefusal(c, 'unknown')
      case 'endpoint disabled':
        return renderFailure(
          c,
          { status: 409, requestId, detail: 'Its endpoint is disabled: resume that first.' },
          back,
        )
      case 'sending':
        return renderFailure(
          c,
          { status: 409, requestId, detail: 'An attempt is under way: wait for what comes of it.' },
          back,
        )
    }
  },
)

/** Reading keys may, as they may with the API. */
sendingForms.post('/console/deliveries/:id/show', async c => {
  const caller = callerOf(c as never)
  const id = c.req.param('id')
  const delivery = parseDeliveryId(id) && (await findDelivery(c.var.db, caller, id))
  const data = delivery && (await showEventData(c.var.db, caller, delivery.event_id))
  return data === null ? renderRefusal(c, 'unknown') : showDelivery(c, data)
})

sendingForms.post('/console/events/:id/show', async c => {
  const data = await showEventData(c.var.db, callerOf(c as never), c.req.param('id'))
  return data === null ? renderRefusal(c, 'unknown') : showEvent(c, data)
})
