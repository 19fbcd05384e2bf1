// One heartbeat: it proves that the link is alive and the channel registered, and says whether there is work.
import type { Heartbeat, Store } from '../../drizzle/store.ts'
import type { ListeningConnection } from './listening-connection.ts'

/** If the answer takes longer, the link is dead. */
export const heartbeatTimeoutMs = 5_000
const timedOut = 'HEARTBEAT_TIMEOUT'
/** The SQLSTATE of a write, or of LISTEN, on a standby or read-only server. */
export const readOnlyServer = '25006'

export interface AnsweredHeartbeat {
  readonly heartbeat: Heartbeat
  readonly answeredAt: number
  readonly roundTripSeconds: number
}

export async function askHeartbeat(
  connection: ListeningConnection,
  store: Pick<Store, 'heartbeat'>,
): Promise<AnsweredHeartbeat> {
  const askedAt = performance.now()
  const heartbeat = await answerInTime(connection, store.heartbeat())
  const answeredAt = performance.now()
  return { heartbeat, answeredAt, roundTripSeconds: (answeredAt - askedAt) / 1000 }
}

/** Also for what comes before the first heartbeat: a link may fall silent right after it was opened. */
export function answerInTime<T>(connection: ListeningConnection, answer: Promise<T>): Promise<T> {
  return connection.within(heartbeatTimeoutMs, answer, failure('no answer in time', timedOut))
}

/** After a failover the writable server is elsewhere, and this one may keep its old connections for ever. */
export function refuseReadOnly({ readOnly }: Heartbeat): void {
  if (readOnly) throw failure('the database is read-only', readOnlyServer)
}

/** The other connections lead to the same server, over the same network: they are of no use either. */
export function concernsAllConnections(code: string): boolean {
  return code === timedOut || code === readOnlyServer
}

function failure(message: string, code: string): Error {
  return Object.assign(new Error(message), { code })
}
