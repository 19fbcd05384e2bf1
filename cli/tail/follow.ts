// A tail that goes on: a connection lasts for seconds, and each begins behind the last message of the one before. So it leaves
// nothing out while the network or the server is away, and with a file not even while nobody runs it.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiClient, Query } from '../api/client.ts'
import { CommandError, exitCodes, usageError } from '../exit.ts'
import type { Output } from '../output.ts'
import { type Message, messagesOf } from './messages.ts'

export interface TailOptions {
  /** Where to remember how far it came. */
  readonly resume?: string
  /** Ends after so many. */
  readonly limit?: number
}

const retryWaitsMs = [250, 1_000, 2_000, 5_000, 10_000]

/** `show`: one message's data, as it came. */
export async function follow(
  client: ApiClient,
  out: Output,
  path: string,
  query: Query,
  { resume, limit = Number.POSITIVE_INFINITY }: TailOptions,
  show: (data: string) => void,
): Promise<void> {
  let lastId = resume === undefined ? null : readPosition(resume)
  let shown = 0
  let failures = 0
  let isAnnounced = false
  for (;;) {
    try {
      for await (const message of connection(client, path, query, lastId)) {
        if (!isAnnounced) out.note(`from ${lastId === null ? 'now on' : 'where it was left'}, until Ctrl-C`)
        isAnnounced = true
        if (failures > 0) out.note('the outbox answers again')
        failures = 0
        if (message.data !== null) show(message.data)
        if (message.id !== null && message.id !== lastId) {
          lastId = message.id
          if (resume !== undefined) writePosition(resume, lastId)
        }
        if (message.data !== null && ++shown >= limit) return
      }
    } catch (error) {
      if (!isPassing(error)) throw error
      if (failures === 0) out.note(`${(error as Error).message} Trying again, nothing is lost.`)
      await sleep(retryWaitsMs[Math.min(failures, retryWaitsMs.length - 1)]!)
      failures++
    }
  }
}

async function* connection(
  client: ApiClient,
  path: string,
  query: Query,
  lastId: string | null,
): AsyncGenerator<Message> {
  const headers: Record<string, string> = lastId === null ? {} : { 'last-event-id': lastId }
  const { body } = await client.stream(path, query, headers)
  try {
    yield* messagesOf(body!)
  } catch (error) {
    throw new CommandError(exitCodes.unreachable, `The connection was cut (${(error as Error).message}).`)
  }
}

const isPassing = (error: unknown) =>
  error instanceof CommandError && error.exitCode === exitCodes.unreachable

function readPosition(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim() || null
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw usageError(`The file ${file} cannot be read (${code}).`)
  }
}

/** Whole or not at all, however it ends. */
function writePosition(file: string, position: string): void {
  try {
    writeFileSync(`${file}.new`, `${position}\n`)
    renameSync(`${file}.new`, file)
  } catch (error) {
    throw usageError(`The file ${file} cannot be written (${(error as NodeJS.ErrnoException).code}).`)
  }
}
