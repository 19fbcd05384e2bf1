// Who may call the shop: everybody where its settings say so, else every key without a tenant.
import type { Access } from '../access/access.ts'
import { readShopSettings } from './settings.ts'

export const shopAccess: Access = { open: async env => (await readShopSettings(env)).ordersPublic }

/** Receivers learn who calls from the webhook's signature, and drop repeats by its id. */
export const receiverAccess: Access = { open: true, idempotencyKey: false }
