// What a receiver should do with each unpleasant request, and how it is seen whether it does.
import { request as startRequest } from 'node:http'
import { request as startTlsRequest } from 'node:https'
import { setTimeout as wait } from 'node:timers/promises'
import type { EventToSend, Sender } from '../../testing/sender.ts'

export interface Subject {
  readonly url: string
  readonly sender: Sender
  readonly secret: string
  readonly event: EventToSend
}

export interface ReceiverCheck {
  readonly name: string
  /** What is sent, and what a receiver should do. */
  readonly should: string
  /** Which statuses are right. */
  readonly expects: 'success' | 'refusal' | 'success or again'
  /** The statuses of the answers. */
  send(subject: Subject): Promise<number[]>
}

const statuses = (responses: readonly Response[]) => responses.map(({ status }) => status)
const one = async (response: Promise<Response>) => [(await response).status]

/** Of the right length, and nobody's. */
const strangersSecret = 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
const mebibyte = 1 << 20
const hourSeconds = 3_600
/** Between the pieces of a slow body. */
const pauseMs = 300

const accepts: readonly ReceiverCheck[] = [
  {
    name: 'webhook',
    should: 'accept a webhook that is signed with its secret',
    expects: 'success',
    send: ({ sender, event }) => one(sender.send(event)),
  },
  {
    name: 'repeat',
    should: 'answer a repeat as it did the first time, and not do the work again',
    expects: 'success',
    async send({ sender, event }) {
      const webhookId = `evt_repeat${Date.now()}`
      const first = await sender.send(event, { webhookId })
      return [first.status, (await sender.send(event, { webhookId, attempt: 2 })).status]
    },
  },
  {
    name: 'duplicate',
    should: 'take one of three that come at once, and answer the others with success or 503',
    expects: 'success or again',
    send: async ({ sender, event }) => statuses(await sender.duplicate(event, 3)),
  },
  {
    name: 'reordered',
    should: 'accept an older event after a newer one, and not let it undo the newer',
    expects: 'success',
    send: async ({ sender, event: { timestamp, ...event } }) =>
      statuses(await sender.reorder([event, event])),
  },
  {
    name: 'late',
    should: 'accept an event of yesterday in its eighth attempt',
    expects: 'success',
    send: ({ sender, event }) => one(sender.late(event)),
  },
  {
    name: 'rotation',
    should: 'accept a webhook with two signatures of which one is made with its secret',
    expects: 'success',
    send: ({ sender, event, secret }) => one(sender.send(event, { secrets: [strangersSecret, secret] })),
  },
  {
    name: 'new field',
    should: 'accept data with a field that it does not know',
    expects: 'success',
    send: ({ sender, event }) =>
      one(sender.send({ ...event, data: { ...(event.data as object), outbox_test_receiver: 'new' } })),
  },
  {
    name: 'new type',
    should: 'accept a type that it does not know: any other answer brings it again for days',
    expects: 'success',
    send: ({ sender, event }) => one(sender.send({ ...event, type: 'outbox.test_receiver.new_type' })),
  },
  {
    name: 'huge',
    should: 'accept a megabyte: events may have four',
    expects: 'success',
    send: ({ sender, event }) =>
      one(
        sender.send({
          ...event,
          data: { ...(event.data as object), outbox_test_receiver: 'x'.repeat(mebibyte) },
        }),
      ),
  },
  {
    name: 'slow',
    should: 'wait for a body that comes in pieces',
    expects: 'success',
    send: async subject => [await sendSlowly(subject)],
  },
]

const refuses: readonly ReceiverCheck[] = [
  {
    name: 'no signature',
    should: 'refuse a request that is not signed, with 400, 401 or 403',
    expects: 'refusal',
    send: ({ sender, event }) => one(sender.send(event, { secrets: [] })),
  },
  {
    name: 'wrong signature',
    should: "refuse what is signed with another's secret",
    expects: 'refusal',
    send: ({ sender, event }) => one(sender.send(event, { secrets: [strangersSecret] })),
  },
  {
    name: 'altered body',
    should: 'refuse a body that was changed: it must verify the bytes, not the parsed body',
    expects: 'refusal',
    send: ({ sender, event }) => one(sender.send(event, { alterBody: text => `${text} ` })),
  },
  {
    name: 'old timestamp',
    should: 'refuse a request of an hour ago: somebody may have recorded it',
    expects: 'refusal',
    send: ({ sender, event }) => one(sender.send(event, { secondsAgo: hourSeconds })),
  },
  {
    name: 'future timestamp',
    should: 'refuse a request from an hour ahead',
    expects: 'refusal',
    send: ({ sender, event }) => one(sender.send(event, { secondsAgo: -hourSeconds })),
  },
]

export const receiverChecks: readonly ReceiverCheck[] = [...accepts, ...refuses]

async function sendSlowly({ url, sender, event }: Subject): Promise<number> {
  const { headers, body } = await sender.prepare(event)
  const start = url.startsWith('https:') ? startTlsRequest : startRequest
  const sending = start(url, { method: 'POST', headers: { ...headers, 'content-length': body.length } })
  const answered = new Promise<number>((resolve, reject) => {
    sending.on('error', reject)
    sending.on('response', response => {
      response.resume()
      resolve(response.statusCode!)
    })
  })
  const third = Math.ceil(body.length / 3)
  for (const part of [0, 1, 2]) {
    sending.write(body.subarray(part * third, (part + 1) * third))
    await wait(pauseMs)
  }
  sending.end()
  return answered
}
