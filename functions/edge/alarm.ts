// The alarm of a Durable Object: it has one.
import type { ObjectState } from './object.ts'

/** An alarm that is so late is lost. */
const lostAlarmMs = 5_000

/** In Unix milliseconds. Never later than it is set already, unless that one should have come long ago. */
export async function wakeAt(
  storage: Pick<ObjectState['storage'], 'getAlarm' | 'setAlarm'>,
  at: number,
): Promise<void> {
  const set = await storage.getAlarm()
  const isComing = set !== null && set <= at && set > Date.now() - lostAlarmMs
  if (!isComing) await storage.setAlarm(at)
}
