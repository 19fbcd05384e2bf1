// `outbox/testing`: for your own tests, on Node. A receiver that records, and a sender that is as unpleasant as real life.
export type { Answer } from '../testing/answer.ts'
export type { ReceivedRequest, ReceivedWebhook } from '../testing/journal.ts'
export type { Match } from '../testing/match.ts'
export { type ReceiverOptions, startReceiver, type TestReceiver } from '../testing/receiver.ts'
export {
  createSender,
  type EventToSend,
  type PreparedRequest,
  type Sender,
  type SenderOptions,
  type SendOptions,
} from '../testing/sender.ts'
