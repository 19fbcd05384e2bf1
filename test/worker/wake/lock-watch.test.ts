// The watch on a polling listener's lock leaves no connection behind when it is closed, whatever it was doing.
import { expect, test } from 'vitest'
import { type Database, openDatabase } from '../../../worker/database.ts'
import { openLog } from '../../../worker/observability/log.ts'
import { LockWatch } from '../../../worker/wake/lock-watch.ts'
import { freshDatabase } from '../../support/database.ts'
import { eventually } from '../../support/eventually.ts'

test.each(['is connecting', 'sets its session up'])(
  'a lock watch that is closed while it %s leaves no connection behind',
  async when => {
    const db = await freshDatabase()
    const observer = await db.connect()
    const database = openDatabase(db.url, 'watched', openLog('silent', 'watched'))
    const asked = Promise.withResolvers<void>()
    const spied: Database = {
      ...database,
      async connect() {
        const client = await database.connect()
        const query = client.query.bind(client)
        client.query = ((...args: Parameters<typeof query>) => {
          asked.resolve()
          return query(...args)
        }) as typeof query
        return client
      },
    }
    const watch = new LockWatch(spied)
    let freed = false
    watch.begin(() => {
      freed = true
    })
    if (when === 'sets its session up') await asked.promise
    await watch.close()
    await database.close()
    await eventually(async () => {
      const { rows } = await observer.query(
        `select query from pg_stat_activity where application_name = 'watched'`,
      )
      expect(rows).toEqual([])
    })
    expect(freed).toBe(false)
  },
)
