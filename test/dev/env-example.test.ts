// `.env.example` lists every setting, with its real default.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { expect, test } from 'vitest'
import { readDeliverySettings } from '../../delivery/settings.ts'
import { readListenerSettings } from '../../worker/settings.ts'
import { testSettings } from '../support/settings.ts'

const root = join(import.meta.dirname, '../..')
/** As if every setting were no longer commented out. */
const example = parseEnv(readFileSync(join(root, '.env.example'), 'utf8').replace(/^# ([A-Z_]+=)/gm, '$1'))

/** Of wrangler.toml: objects of the platform, and no settings. */
const bindings = Array.from(
  readFileSync(join(root, 'wrangler.toml'), 'utf8').matchAll(/^(?:name|binding) = "([A-Z_]+)"/gm),
  ([, name]) => name!,
)

test('.env.example names every setting that the code reads, and no other', () => {
  const sources = ['cli', 'delivery', 'functions', 'worker', 'server', 'dev'].flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.ts'))
      .map(name => readFileSync(join(root, folder, name), 'utf8')),
  )
  const names =
    /\b(?:OUTBOX_[A-Z_]+[A-Z]|DATABASE_URL(?:_UNPOOLED)?|NEON_PROXY|(?:BILLING|NOTIFICATIONS)_SECRET)\b/g
  const read = new Set(sources.flatMap(source => source.match(names) ?? []))
  for (const binding of bindings) read.delete(binding)
  expect(Object.keys(example).sort()).toEqual([...read].sort())
})

test('.env.example shows the real defaults', () => {
  const { OUTBOX_MASTER_KEYS } = testSettings
  const shown = Object.fromEntries(Object.entries(example).filter(([, value]) => value))
  expect(readDeliverySettings({ ...shown, OUTBOX_MASTER_KEYS })).toEqual(
    readDeliverySettings({ OUTBOX_MASTER_KEYS }),
  )
  const { DATABASE_URL_UNPOOLED } = shown
  expect(readListenerSettings({ ...shown, OUTBOX_MASTER_KEYS })).toEqual(
    readListenerSettings({ OUTBOX_MASTER_KEYS, DATABASE_URL_UNPOOLED }),
  )
})
