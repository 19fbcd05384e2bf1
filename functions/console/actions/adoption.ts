// Saying what a database is whose senders are held: the one that takes the place of the original, or a new one. What is meant is
// typed, and holds only for the database that was shown.
import { Hono, type MiddlewareHandler } from 'hono'
import { html } from 'hono/html'
import { callerOf } from '../../access/caller.ts'
import { type Adopting, adopt, readSystem } from '../../system/identity/operations.ts'
import { type Adopted, Adoption, type Facts, type System } from '../../system/identity/schema.ts'
import { field, hidden } from '../forms.ts'
import { render } from '../frame.ts'
import { requireChange, requireOperator } from '../guard.ts'
import { at, type Child, foreign, note, props, withCommands } from '../parts.ts'
import { stepTitle } from '../sheet.ts'
import type { ConsoleApp, ConsoleContext, View } from '../view.ts'
import { counted } from '../words.ts'

export const adoptionForms = new Hono<ConsoleApp>()

const path = '/console/system/adopt'

adoptionForms.use(path, requireOperator as MiddlewareHandler, requireChange as MiddlewareHandler)

adoptionForms.get(path, async c => renderAdoption(c, await readSystem(c.var.db)))

adoptionForms.post(path, async c => {
  const { db, form, view } = c.var
  const asWhat = form.get('as') ?? ''
  const parsed = Adoption.safeParse({ as: asWhat, facts: readFacts(form.get('facts') ?? '') })
  const show = async (more: Shown) => renderAdoption(c, await readSystem(db), { asWhat, ...more })
  if (!parsed.success) return show({ trouble: 'Say which of the two it is.' })
  if (form.get('typed')?.trim().toLowerCase() !== asWhat)
    return show({ wrongWord: `This is not ${asWhat}: nothing was changed.` })
  const adopted = await adopt(db, callerOf(c as never), parsed.data)
  if (typeof adopted === 'string') return show({ trouble: troubles[adopted] })
  if (!adopted.adopted) return show({ canceled: adopted })
  return c.redirect(`${view.base}/system?done=${asWhat}`, 303)
})

const troubles: Record<Extract<Adopting, string>, string> = {
  'not held': 'Nothing is held: somebody has said it already, or the senders are gone.',
  'other facts': 'This is another database than the one that you were shown. Look again.',
}

function readFacts(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

interface Shown {
  readonly asWhat?: string
  readonly trouble?: string
  readonly wrongWord?: string
  /** So much waits that it takes more than one request. */
  readonly canceled?: Adopted
}

const choices = [
  [
    'replacement',
    'It takes the place of the original, or is the original after an upgrade or a move. What waits is sent. What was delivered after the backup is sent again, under the same ids. First make sure that nobody sends from the original any more.',
  ],
  [
    'new',
    'It is a database of its own, for tests for example. What waits is canceled, running replays end, and every endpoint is paused.',
  ],
] as const

function renderAdoption(c: ConsoleContext, system: System, shown: Shown = {}): Promise<Response> {
  const { view } = c.var
  const { trouble, wrongWord, canceled } = shown
  return render(view, {
    title: 'Which database is this?',
    place: 'system',
    status: trouble || wrongWord ? 400 : 200,
    content: html`<section class="sheet">${stepTitle('Which database is this?')}
${trouble ? note('bad', 'failed', html`<p><b>${trouble}</b> Nothing was changed.</p>`, { role: 'alert' }) : ''}
${canceled ? note('wait', 'pending', html`<p><b>${counted(canceled.canceled, 'thing that waited is', 'things that waited are')} canceled, and more waits.</b> It stays held until you go on to the end.</p>`, { role: 'status' }) : ''}
${system.state === 'held' ? question(view, system, shown) : notHeld(view)}</section>`,
  })
}

const notHeld = (view: View) => html`<p>It sends, or nobody has sent from it yet. Nothing has to be said.</p>
<div class="end"><a class="btn" href="${view.base}/system">Back</a></div>`

function question(view: View, { reason, facts, bound, held_senders: held }: System, shown: Shown) {
  const { asWhat, wrongWord, canceled } = shown
  return html`<p>${reason === null ? '' : withCommands(reason)}</p>
${props([
  ['This database', factsOf(facts)],
  bound
    ? ['Sent so far', html`${factsOf(bound.facts)}, bound by ${foreign(bound.by)} ${at(bound.at, view)}`]
    : null,
  held.length === 0
    ? null
    : [
        'Held',
        html`${held.map(({ sender, address, since }, i) => html`${i > 0 ? '; ' : ''}${foreign(sender)} at ${foreign(address)}, since ${at(since, view)}`)}`,
      ],
])}
<form class="stack" method="post" action="${view.base}/system/adopt">${hidden(view, { facts: JSON.stringify(facts) })}
<fieldset><legend>What is it?</legend>${choices.map(
    ([value, words]) =>
      html`<label class="check"><input type="radio" name="as" value="${value}" required${value === asWhat ? html` checked` : ''}> <span><b>${value}</b><br>${words}</span></label>`,
  )}</fieldset>
${field({ name: 'typed', label: 'Type replacement or new, whichever you mean', value: canceled ? asWhat : '', required: true, error: wrongWord })}
<p class="dim">It stands in the audit as <code>system.adopted</code>, by ${view.key.name}. Senders go on by themselves within seconds.</p>
<div class="end"><a class="btn" href="${view.base}/system">Leave it held</a><button class="btn danger" type="submit">${canceled ? 'Go on' : 'Adopt the database'}</button></div>
</form>`
}

const factsOf = (facts: Facts): Child =>
  Object.entries(facts).map(
    ([name, value], i) => html`${i > 0 ? ', ' : ''}${name} <code>${foreign(value)}</code>`,
  )
