// Do notifications come through? A transaction pooler accepts LISTEN, and then nothing ever arrives; so the session sends a
// notification to itself, on a channel of its own that wakes nobody else.
import type { ListeningConnection, Notification } from './listening-connection.ts'

/** The answer to the statement brings the notification with it. */
const echoTimeoutMs = 2_000
const echoChannel = 'outbox_echo'

export async function hearsItself(connection: ListeningConnection): Promise<boolean> {
  let onEcho = () => {}
  const echo = new Promise<boolean>(resolve => {
    onEcho = () => resolve(true)
  })
  const onNotification = ({ channel, isOwn }: Notification) => {
    if (channel === echoChannel && isOwn) onEcho()
  }
  connection.on('notification', onNotification)
  try {
    await connection.ask(`listen ${echoChannel}`)
    // Would fail if the queue were full. Writers send nothing then either, so this session must count as deaf.
    await connection.ask(`select pg_notify('${echoChannel}', '') where pg_notification_queue_usage() < 0.5`)
    const hears = await Promise.race([echo, connection.pause(echoTimeoutMs).then(() => false)])
    await connection.ask(`unlisten ${echoChannel}`)
    return hears
  } finally {
    connection.off('notification', onNotification)
  }
}
