// The store of a sender in a Worker, where every statement is a subrequest.
import type { Sender } from '../../delivery/types.ts'
import { createStore, type Store } from '../../drizzle/store.ts'
import type { Budget } from '../cron/budget.ts'
import type { Database } from '../db.ts'
import type { Settings } from '../settings.ts'
import { clock } from './attempt.ts'

export function budgetedStore(
  db: Pick<Database, 'run'>,
  { delivery }: Pick<Settings, 'delivery'>,
  budget: Pick<Budget, 'spend'>,
  sender: Sender,
): Store {
  return createStore(
    (statement, parameters) => {
      budget.spend()
      return db.run(statement, parameters)
    },
    { sender, clock, disableAfterSeconds: delivery.disableAfterSeconds },
  )
}
