// Settings: the defaults of the contract, and messages that help without repeating a value.
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  cidrs,
  flag,
  integer,
  readDeliverySettings,
  SettingsError,
  seconds,
} from '../../delivery/settings.ts'
import { databasePorts } from '../../delivery/url.ts'

const masterKeys = `a:${randomBytes(32).toString('base64')}`
const minimal = { OUTBOX_MASTER_KEYS: masterKeys }

test('only the master keys have no default', () => {
  expect(readDeliverySettings(minimal)).toEqual({
    masterKeys,
    retrySchedule: [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400],
    requestTimeoutSeconds: 15,
    leaseSeconds: 60,
    disableAfterSeconds: 432_000,
    privateNetworks: [],
    allowHttp: false,
    blockedPorts: databasePorts,
    retention: null,
  })
  expect(() => readDeliverySettings({})).toThrow(
    /^OUTBOX_MASTER_KEYS is not set: expected .* Not starting\.$/,
  )
})

test('every setting is read, with spaces and decimals', () => {
  expect(
    readDeliverySettings({
      ...minimal,
      OUTBOX_RETRY_SCHEDULE: '0.2, 1,2.5',
      OUTBOX_REQUEST_TIMEOUT_SECONDS: '0.5',
      OUTBOX_LEASE_SECONDS: '5.5',
      OUTBOX_DISABLE_AFTER_SECONDS: '0.5',
      OUTBOX_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8, ::1/128',
      OUTBOX_ALLOW_HTTP: 'true',
      OUTBOX_RETENTION_DAYS: '30',
      OUTBOX_RETENTION_DAYS_PER_TYPE: 'order.*=365, page.seen = 30',
    }),
  ).toEqual({
    masterKeys,
    retrySchedule: [0.2, 1, 2.5],
    requestTimeoutSeconds: 0.5,
    leaseSeconds: 5.5,
    disableAfterSeconds: 0.5,
    privateNetworks: [
      { network: Uint8Array.of(127, 0, 0, 0), bits: 8 },
      { network: Uint8Array.of(...Array(15).fill(0), 1), bits: 128 },
    ],
    allowHttp: true,
    blockedPorts: databasePorts,
    retention: {
      days: 30,
      kept: [
        { type: 'order.*', days: 365 },
        { type: 'page.seen', days: 30 },
      ],
    },
  })
})

test('types can only be kept for longer than the rest, and need a time for the rest', () => {
  const perType = { ...minimal, OUTBOX_RETENTION_DAYS_PER_TYPE: 'order.*=29' }
  expect(() => readDeliverySettings(perType)).toThrow(/OUTBOX_RETENTION_DAYS is not: expected both/)
  expect(() => readDeliverySettings({ ...perType, OUTBOX_RETENTION_DAYS: '30' })).toThrow(
    /^OUTBOX_RETENTION_DAYS_PER_TYPE has fewer days than OUTBOX_RETENTION_DAYS: expected more/,
  )
})

test('an empty setting counts as not set, because compose files pass on unset variables as empty', () => {
  expect(readDeliverySettings({ ...minimal, OUTBOX_ALLOW_HTTP: '', OUTBOX_RETRY_SCHEDULE: ' ' })).toEqual(
    readDeliverySettings(minimal),
  )
})

test('the settings are frozen', () => {
  const settings = readDeliverySettings(minimal) as { leaseSeconds: number }
  expect(() => {
    settings.leaseSeconds = 1
  }).toThrow(TypeError)
})

test.each([
  ['14', '9.1'],
  ['19.9', '15'],
])(
  'a lease of %s s for requests of %s s is refused, and the message names the consequence',
  (lease, timeout) => {
    const env = { ...minimal, OUTBOX_LEASE_SECONDS: lease, OUTBOX_REQUEST_TIMEOUT_SECONDS: timeout }
    expect(() => readDeliverySettings(env)).toThrow(
      /OUTBOX_LEASE_SECONDS must exceed OUTBOX_REQUEST_TIMEOUT_SECONDS by at least 5: .* sent twice. Not starting\.$/,
    )
  },
)

describe('a bad value is refused with the name of its setting', () => {
  test.each([
    ['OUTBOX_MASTER_KEYS', 'a:CANARY'],
    ['OUTBOX_MASTER_KEYS', 'CANARY'],
    ['OUTBOX_RETENTION_DAYS', '0'],
    ['OUTBOX_RETENTION_DAYS_PER_TYPE', 'order.*=CANARY'],
    ['OUTBOX_RETRY_SCHEDULE', '5,,300'],
    ['OUTBOX_RETRY_SCHEDULE', '5,-1'],
    ['OUTBOX_RETRY_SCHEDULE', '5;CANARY'],
    ['OUTBOX_RETRY_SCHEDULE', '2592001'],
    ['OUTBOX_RETRY_SCHEDULE', Array(51).fill('1').join()],
    ['OUTBOX_REQUEST_TIMEOUT_SECONDS', '0'],
    ['OUTBOX_REQUEST_TIMEOUT_SECONDS', '61'],
    ['OUTBOX_REQUEST_TIMEOUT_SECONDS', '1e1'],
    ['OUTBOX_REQUEST_TIMEOUT_SECONDS', '15s'],
    ['OUTBOX_LEASE_SECONDS', 'CANARY'],
    ['OUTBOX_LEASE_SECONDS', 'Infinity'],
    ['OUTBOX_DISABLE_AFTER_SECONDS', '0'],
    ['OUTBOX_ALLOW_PRIVATE_NETWORKS', '10.0.0.0'],
    ['OUTBOX_ALLOW_PRIVATE_NETWORKS', '10.0.0.1/8'],
    ['OUTBOX_ALLOW_PRIVATE_NETWORKS', '10.0.0.0/8,'],
    ['OUTBOX_ALLOW_HTTP', 'yes'],
    ['OUTBOX_ALLOW_HTTP', 'TRUE'],
  ])('%s=%s', (name, value) => {
    const read = () => readDeliverySettings({ ...minimal, [name]: value })
    expect(read).toThrow(SettingsError)
    expect(read).toThrow(new RegExp(`^${name} is not valid: expected .*\\. Not starting\\.$`))
    expect(read).not.toThrow(/CANARY/)
  })
})

test('a number is within its range, or it is refused with a SettingsError', () => {
  const range = { default: 3, min: 2, max: 10 }
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.double().map(String), fc.integer().map(String)), value => {
      for (const read of [seconds, integer]) {
        try {
          const number = read({ N: value }, 'N', range)
          expect(number).toBe(value.trim() === '' ? 3 : Number(value))
          expect(number).toBeGreaterThanOrEqual(2)
          expect(number).toBeLessThanOrEqual(10)
        } catch (error) {
          expect(error).toBeInstanceOf(SettingsError)
        }
      }
    }),
  )
  expect(integer({ N: '10' }, 'N', range)).toBe(10)
  expect(() => integer({ N: '2.5' }, 'N', range)).toThrow(
    'N is not valid: expected a whole number from 2 to 10.',
  )
})

test('a flag and a list of networks have defaults of their own', () => {
  expect(flag({}, 'F', true)).toBe(true)
  expect(flag({ F: 'false' }, 'F', true)).toBe(false)
  expect(cidrs({}, 'C')).toEqual([])
})
