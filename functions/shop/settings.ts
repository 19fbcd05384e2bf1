// The example shop's settings: whether its orders are public, and the secrets of its two receivers.
import { parsePublicKey, parseSecret } from '../../delivery/keys.ts'
import { expected, flag, read } from '../../delivery/settings.ts'
import { type Env, oncePerEnvironment } from '../settings.ts'

export interface ShopSettings {
  readonly ordersPublic: boolean
  /** What the receivers verify webhooks with. Empty: that receiver is not used. */
  readonly notificationsSecrets: readonly string[]
  readonly billingSecrets: readonly string[]
}

export const readShopSettings = oncePerEnvironment(
  async (env): Promise<ShopSettings> =>
    Object.freeze({
      ordersPublic: flag(env, 'OUTBOX_ORDERS_PUBLIC', false),
      notificationsSecrets: await receiverSecrets(env, 'NOTIFICATIONS_SECRET'),
      billingSecrets: await receiverSecrets(env, 'BILLING_SECRET'),
    }),
)

/** Several with commas between them while the endpoint's secret is being changed. */
async function receiverSecrets(env: Env, name: string): Promise<readonly string[]> {
  const secrets = read(env, name)?.split(',') ?? []
  const valid = await Promise.all(secrets.map(async s => parsePublicKey(s) ?? (await parseSecret(s))))
  if (valid.includes(null)) throw expected(name, 'the whsec_… that the endpoint was created with')
  return secrets
}
