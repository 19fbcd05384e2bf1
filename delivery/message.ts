// An event as one line for people: the body of a webhook whose endpoint has the format `slack`. Like any body it is the same on
// every attempt, and it is what the signature is of.

interface Told {
  readonly type: string
  readonly data: string
}

/** What Slack shows of a message; it takes more. */
const maxCharacters = 3000

export function messageBody(event: Told): Uint8Array<ArrayBuffer> {
  const text = JSON.stringify({ text: escaped(cut(messageOf(event))) })
  return new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>
}

type Data = Readonly<Record<string, unknown>>

/** Those that the outbox makes itself. */
const sentences: Readonly<Record<string, (data: Data) => string>> = {
  'outbox.endpoint.failing': data =>
    `Endpoint ${named(data)} is failing since ${data.failing_since}: it gets nothing but a probe from time to time.`,
  'outbox.endpoint.recovered': data => `Endpoint ${named(data)} accepts webhooks again.`,
  'outbox.endpoint.disabled': data =>
    `Endpoint ${named(data)} was disabled (${data.reason}): it gets nothing until somebody resumes it.`,
  'outbox.delivery.dead': data =>
    `Delivery ${data.delivery_id} of ${data.type} to ${named(data)} was given up after ${data.attempts} attempts` +
    `${data.reason === null ? '' : ` (${data.reason})`}.`,
  'outbox.capture.broken': data =>
    `Capture is broken: ${(data.checks as readonly Data[]).map(({ name, advice }) => `${name}. ${advice}`).join(' ')}`,
  'outbox.backlog.growing': data =>
    `The backlog is growing: a delivery that nothing holds up has waited ${data.oldest_pending_seconds} s.`,
}

function messageOf({ type, data }: Told): string {
  const sentence = sentences[type]
  return sentence ? sentence(JSON.parse(data)) : `${type} ${data}`
}

const named = ({ endpoint_id, description }: Data) =>
  description === null ? String(endpoint_id) : `${endpoint_id} (${description})`

/** Between two characters, also where one of them is two code units. */
function cut(text: string): string {
  const characters = Array.from(text.slice(0, 2 * maxCharacters))
  return characters.length <= maxCharacters ? text : `${characters.slice(0, maxCharacters - 1).join('')}…`
}

/** Otherwise it could hold links and mentions. */
const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
