// The settings of tests. All are set, so that a test states only the ones that make its case special.
import { randomBytes } from 'node:crypto'

const secret = () => `whsec_${randomBytes(32).toString('base64')}`

export const testSettings = {
  OUTBOX_API_KEYS: 'dev:admin:dev,viewer:read:look',
  OUTBOX_MASTER_KEYS: `test:${randomBytes(32).toString('base64')}`,
  OUTBOX_ORDERS_PUBLIC: 'true',
  OUTBOX_ALLOW_HTTP: 'true',
  OUTBOX_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8,::1/128',
  NOTIFICATIONS_SECRET: secret(),
  BILLING_SECRET: secret(),
}
