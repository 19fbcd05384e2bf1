// The watched tables, as the console lists them.
import { type ListWatchesRow, listWatches } from '../../drizzle/queries.gen.ts'
import type { Database } from '../db.ts'

export type Watch = ListWatchesRow

export const readWatches = (db: Pick<Database, 'run'>): Promise<Watch[]> => listWatches(db.run)
