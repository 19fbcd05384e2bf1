// `outbox/verify`: for receivers. It needs nothing but WebCrypto.
export { toleranceSeconds, type Verified, verify } from '../delivery/verify.ts'
