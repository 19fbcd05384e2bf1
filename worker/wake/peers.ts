// What listeners tell one another, on a channel of their own that all of them hear.
import type { ListeningConnection } from './listening-connection.ts'

export const peersChannel = 'outbox_peers'
/**
 * `backlog`: more events wait than the sender can fan out. `pending`: deliveries wait that it has no capacity for. `left`: its
 * place on call is free.
 */
export type PeerMessage = 'backlog' | 'pending' | 'left'
/** Would fail if the queue were full (outbox.must_notify); then the peers find it with their heartbeats. */
export async function tellPeers(
  connection: Pick<ListeningConnection, 'ask'>,
  message: PeerMessage,
  peers?: number,
): Promise<void> {
  const text = peers === undefined ? message : `${message} ${peers}`
  await connection.ask(
    `select pg_notify('${peersChannel}', '${text}') where pg_notification_queue_usage() < 0.5`,
  )
}

/** What a peer said. `peers`: so many of those who hear it are meant, whichever; null = all of them. */
export function parsePeerMessage(payload = ''): { message: string; peers: number | null } {
  const [message = '', peers] = payload.split(' ')
  return { message, peers: peers === undefined ? null : Number(peers) }
}
