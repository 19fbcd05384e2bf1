// Drops repeats of webhooks where there is no transaction that both the work and the mark are in: Redis, Valkey and their like.
// A crash between the work and the mark lets the work happen twice, which no store outside the work's own can prevent.
import type { Once } from './once-postgres.ts'

/** Sends one command: `args => client.sendCommand(args)`, or with ioredis `([name, ...args]) => client.call(name, ...args)`. */
export type RedisCommand = (args: string[]) => Promise<unknown>

export interface RedisOptions {
  /** Longer than the work ever takes: after that another attempt may begin it, as after a crash. */
  readonly workSeconds?: number
  /** How long repeats are known. Attempts go on for days, and somebody may replay later. */
  readonly keepSeconds?: number
}

const weekSeconds = 7 * 24 * 3600
/** Only the attempt that holds the key may give it back: after a pause it may be another's. */
const releaseIfOurs = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`

/**
 * busy: another attempt is at work. Answer 503, so that this one comes again: if the other crashed, it is needed.
 */
export function onceInRedis(
  command: RedisCommand,
  receiver: string,
  { workSeconds = 60, keepSeconds = weekSeconds }: RedisOptions = {},
) {
  return async (webhookId: string, work: () => Promise<unknown>): Promise<Once | 'busy'> => {
    const key = `webhook:${receiver}:${webhookId}`
    const token = `working:${crypto.randomUUID()}`
    const isOurs = await command(['SET', key, token, 'NX', 'EX', String(workSeconds)])
    if (isOurs === null) return (await command(['GET', key])) === 'done' ? 'repeat' : 'busy'
    try {
      await work()
    } catch (error) {
      await command(['EVAL', releaseIfOurs, '1', key, token])
      throw error
    }
    await command(['SET', key, 'done', 'EX', String(keepSeconds)])
    return 'done'
  }
}
