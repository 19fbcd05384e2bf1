// The dispatcher of edge sending where its memory outlives workerd: what it has stored, and its alarm, as workerd keeps them on disk.
// They are changed only while no workerd runs.
import { mkdtempSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { inject } from 'vitest'

export interface KeptDispatcher {
  /** What workerd is started with. */
  readonly extras: { readonly resourcePersistencePath: string }
  /** How many tokens are out. */
  countTokens(): number
  /** As if so much time had passed. */
  passTime(seconds: number): void
  /** The platform never fires it. The dispatcher believes that it is set. */
  loseAlarm(): void
}

export function keepDispatcher(): KeptDispatcher {
  const resourcePersistencePath = mkdtempSync(join(inject('runDirectory'), 'kept-'))
  const files = () => filesIn(join(resourcePersistencePath, 'do/-OutboxDispatcher'))
  return {
    extras: { resourcePersistencePath },
    countTokens: () =>
      use(files().stored, db => db.prepare('select count(*) as n from token').get()!.n as number),
    passTime(seconds) {
      const nanoseconds = BigInt(seconds) * 1_000_000_000n
      use(files().stored, db => {
        db.prepare('update token set ends_at = ends_at - ?').run(seconds * 1_000)
        db.prepare('update _cf_METADATA set value = value - ?').run(nanoseconds)
      })
      use(files().alarms, db =>
        db.prepare('update _cf_ALARM set scheduled_time = scheduled_time - ?').run(nanoseconds),
      )
    },
    loseAlarm() {
      use(files().alarms, db => db.prepare('delete from _cf_ALARM').run())
    },
  }
}

function filesIn(directory: string): { stored: string; alarms: string } {
  const names = readdirSync(directory).filter(name => name.endsWith('.sqlite'))
  const stored = names.find(name => name !== 'metadata.sqlite')!
  return { stored: join(directory, stored), alarms: join(directory, 'metadata.sqlite') }
}

function use<T>(path: string, work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(path)
  try {
    return work(db)
  } finally {
    db.close()
  }
}
