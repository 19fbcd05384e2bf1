// Starting what a preview has shown, and canceling it.
import { Hono } from 'hono'
import { parseId } from '../../../delivery/ids.ts'
import { callerOf } from '../../access/caller.ts'
import { limitCost } from '../../access/rate-limit.ts'
import { cancelReplay } from '../../replays/operations.ts'
import { startPinned } from '../../replays/pinned.ts'
import { findReplay } from '../../replays/read.ts'
import { replayCost, Token } from '../../replays/schema.ts'
import { withCost } from '../cost.ts'
import { render } from '../frame.ts'
import { requireChange } from '../guard.ts'
import { renderFailure, renderRefusal } from '../pages/refusal.ts'
import { type Confirmed, confirmSheet, whyTyped } from '../sheet.ts'
import type { ConsoleApp, ConsoleContext } from '../view.ts'

export const replayForms = new Hono<ConsoleApp>()

replayForms.post('/console/replays/confirm', requireChange, c => {
  const confirmed = readConfirmed(c.var.form)
  return confirmed ? renderConfirm(c, confirmed) : renderRefusal(c, 'unknown')
})

replayForms.post('/console/replays', requireChange, withCost(limitCost(replayCost)), async c => {
  const { db, form, view, requestId } = c.var
  const confirmed = readConfirmed(form)
  if (!confirmed) return renderRefusal(c, 'unknown')
  const why = whyTyped(view, Number(confirmed.count))
  const typed = (form.get('typed') ?? '').replaceAll(/[\s,.]/g, '')
  if (why !== null && typed !== confirmed.count)
    return renderConfirm(c, confirmed, `This is not ${confirmed.count}: nothing was sent.`)
  const endpoint = parseId('ep', confirmed.endpoint_id)
  const started = await startPinned(db, callerOf(c as never), confirmed.token, endpoint)
  if (started === 'used')
    return renderFailure(
      c,
      { status: 409, detail: 'This was started already.', requestId },
      `${view.base}/replays`,
    )
  if ('wrongInput' in started)
    return renderFailure(
      c,
      { status: 409, detail: 'The preview is unknown or has expired: make another.', requestId },
      `${view.base}/deliveries`,
    )
  return c.redirect(`${view.base}/replays/${started.started.id}`, 303)
})

replayForms.post('/console/replays/:id/cancel', requireChange, async c => {
  const { db, view } = c.var
  const caller = callerOf(c as never)
  const id = c.req.param('id')
  if (!(await findReplay(db, caller, id))) return renderRefusal(c, 'unknown')
  await cancelReplay(db, caller, id)
  return c.redirect(`${view.base}/replays/${id}`, 303)
})

function readConfirmed(form: URLSearchParams): Confirmed | null {
  const text = (name: keyof Confirmed) => form.get(name) ?? ''
  const isWhole = /^\d{1,9}$/
  const [count, endpoints] = [text('count'), text('endpoints')]
  if (!Token.safeParse(text('token')).success || !isWhole.test(count) || !isWhole.test(endpoints)) return null
  return { token: text('token'), count, endpoints, endpoint_id: text('endpoint_id') }
}

function renderConfirm(c: ConsoleContext, confirmed: Confirmed, trouble = ''): Promise<Response> {
  const { view } = c.var
  const why = whyTyped(view, Number(confirmed.count)) ?? 'because you asked to'
  return render(view, {
    title: 'Confirm',
    place: 'deliveries',
    status: trouble ? 400 : 200,
    content: confirmSheet(view, confirmed, why, trouble),
  })
}
