// A Durable Object outside of workerd: the class itself, SQLite as it has it, and an alarm that the test fires.
import { DatabaseSync } from 'node:sqlite'
import type { ObjectBinding, ObjectState, Sql } from '../../functions/edge/object.ts'

export function openSql(): Sql {
  const database = new DatabaseSync(':memory:')
  return {
    exec(statement, ...parameters) {
      return database.prepare(statement).all(...parameters) as Record<string, unknown>[]
    },
  }
}

export interface TestObject {
  /** As the Worker's environment has it. */
  readonly binding: ObjectBinding
  /** When the alarm is set for, in Unix milliseconds. */
  readonly alarm: number | null
  /** As when its time has come. */
  fire(): Promise<void>
  /** The platform moves it elsewhere: what is not stored is gone. */
  restart(): void
}

interface Instance {
  fetch(request: Request): Promise<Response>
  alarm?(): Promise<void>
}

/** `env` may name the binding itself. */
export function startObject<Env>(
  type: new (state: ObjectState, env: Env) => Instance,
  envWith: (binding: ObjectBinding) => Env,
): TestObject {
  let alarm: number | null = null
  const storage: ObjectState['storage'] = {
    sql: openSql(),
    getAlarm: async () => alarm,
    setAlarm: async at => {
      alarm = at
    },
  }
  const binding: ObjectBinding = {
    idFromName: name => name,
    get: () => ({ fetch: (url, init) => instance.fetch(new Request(url, init)) }),
  }
  const create = () => new type({ storage }, envWith(binding))
  let instance = create()
  return {
    binding,
    get alarm() {
      return alarm
    },
    async fire() {
      alarm = null
      await instance.alarm?.()
    },
    restart() {
      instance = create()
    },
  }
}
