// How far a replay has come: a bar for people, nothing for everybody else.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Replay } from '../functions/replays/schema.ts'
import type { ApiClient } from './api/client.ts'
import { exitCodes } from './exit.ts'
import type { Output } from './output.ts'

const stepMs = 1_000

export const pathOf = (id: string) => `/v1/replays/${encodeURIComponent(id)}`

const readReplay = (client: ApiClient, id: string) => client.get<Replay>(pathOf(id))

/** What has begun to be sent again: how far it is, or with `follow` what became of it. */
export async function tellReplay(
  out: Output,
  client: ApiClient,
  { id, count }: { readonly id: string; readonly count: number },
  follow: boolean,
): Promise<void> {
  const replay = await (follow ? watchReplay(out, client, id, count) : readReplay(client, id))
  const { state, replayed, skipped } = replay
  out.result(replay, [`${replay.id}\t${state}\t${replayed}`])
  if (skipped) out.note(`${skipped} were delivered, on their way or not wanted any more by then.`)
  if (state === 'running') out.note(`stop it: outbox replays cancel ${replay.id}`)
  if (state === 'canceled') process.exitCode = exitCodes.isFalse
}

/** Until it is over. */
async function watchReplay(out: Output, client: ApiClient, id: string, count: number): Promise<Replay> {
  const progress = process.stderr.isTTY && !out.isJson ? await progressBar(id, count) : null
  let words = goesOn(id)
  try {
    for (let shown = 0; ; await sleep(stepMs)) {
      const replay = await readReplay(client, id)
      const replayed = Number(replay.replayed)
      progress?.advance(replayed - shown, `${replayed} of ${count}`)
      shown = replayed
      if (replay.state === 'running') continue
      words = `${replayed} were made due: ${replay.state}`
      return replay
    }
  } finally {
    progress?.stop(words)
  }
}

const goesOn = (id: string) => `It goes on. Stop it: outbox replays cancel ${id}`

async function progressBar(id: string, max: number) {
  const { progress } = await import('@clack/prompts')
  const bar = progress({
    max: Math.max(1, max),
    output: process.stderr,
    cancelMessage: goesOn(id),
    onCancel: () => process.exit(),
  })
  // At Ctrl-C the bar ends the process itself, and takes that for success.
  const onExit = () => {
    process.exitCode = exitCodes.interrupted
  }
  process.on('exit', onExit)
  bar.start('Sending again')
  return {
    advance: bar.advance,
    stop(message: string) {
      process.off('exit', onExit)
      bar.stop(message)
    },
  }
}
