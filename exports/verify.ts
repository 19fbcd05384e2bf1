// `outbox/verify`: for receivers. It needs nothing but WebCrypto.
export { toleranceSeconds } from '../delivery/verify.ts'
export type { Problem } from '../receivers/problem.ts'
export { type FastifyScope, keepRawBodiesIn, keepRawBody } from '../receivers/raw-body.ts'
export type { HeaderReader, IncomingWebhook } from '../receivers/request.ts'
export { type AnyEvent, type Verified, verify } from '../receivers/verify.ts'
