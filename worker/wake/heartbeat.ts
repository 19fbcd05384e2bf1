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
  const noAnswer = failure('no answer to the heartbeat', timedOut)
  const heartbeat = await connection.within(heartbeatTimeoutMs, store.heartbeat(), noAnswer)
  const answeredAt = performance.now()
  return { heartbeat, answeredAt, roundTripSeconds: (answeredAt - askedAt) / 1000 }
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
