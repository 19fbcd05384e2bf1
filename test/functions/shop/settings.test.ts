// The example shop's settings: what is read, and what is refused by name.
import { describe, expect, test } from 'vitest'
import { app } from '../../../functions/index.ts'
import { readShopSettings } from '../../../functions/shop/settings.ts'
import { testSettings } from '../../support/settings.ts'

test('good settings are read once and kept', async () => {
  const env = { ...testSettings }
  const settings = await readShopSettings(env)
  expect(settings).toMatchObject({ ordersPublic: true })
  expect(await readShopSettings(env)).toBe(settings)
  const closed = await readShopSettings({ ...testSettings, OUTBOX_ORDERS_PUBLIC: 'false' })
  expect(closed).toMatchObject({ ordersPublic: false })
})

test('orders need a key by default', async () => {
  const { OUTBOX_ORDERS_PUBLIC: _, ...env } = testSettings
  expect((await readShopSettings(env)).ordersPublic).toBe(false)
})

test('a receiver may know two secrets while they are being changed', async () => {
  const both = `${testSettings.BILLING_SECRET},${testSettings.NOTIFICATIONS_SECRET}`
  const settings = await readShopSettings({
    ...testSettings,
    BILLING_SECRET: both,
    NOTIFICATIONS_SECRET: '',
  })
  expect(settings.billingSecrets).toHaveLength(2)
  expect(settings.notificationsSecrets).toEqual([])
})

describe('a wrong setting is refused by name, without its value', () => {
  test.each([
    ['OUTBOX_ORDERS_PUBLIC', 'CANARY'],
    ['NOTIFICATIONS_SECRET', 'CANARY'],
    ['BILLING_SECRET', 'whsec_CANARY'],
  ])('%s: %j', async (name, value) => {
    const env = { ...testSettings, [name]: value }
    const refusal = await readShopSettings(env).catch((error: Error) => error)
    expect(refusal).toMatchObject({ name: 'SettingsError', message: expect.stringContaining(name) })
    expect((refusal as Error).message).not.toContain('CANARY')
    const answer = await app.request('/healthz', {}, { ...env, DATABASE_URL: 'postgresql://me:x@host/shop' })
    expect(answer.status, 'while it is wrong, the whole Worker says so').toBe(503)
    const text = await answer.text()
    expect(text).toContain(name)
    expect(text).not.toContain('CANARY')
  })
})
