// How far a replay has come: a bar for people, nothing for everybody else.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Replay } from '../functions/replays/schema.ts'
import type { ApiClient } from './api/client.ts'
import type { Output } from './output.ts'

const stepMs = 1_000

export const readReplay = (client: ApiClient, id: string) => client.get<Replay>(`/v1/replays/${id}`)

/** Until it is over. */
export async function watchReplay(
  out: Output,
  client: ApiClient,
  id: string,
  count: number,
): Promise<Replay> {
  const progress = process.stderr.isTTY && !out.isJson ? await progressBar(count) : null
  for (let shown = 0; ; await sleep(stepMs)) {
    const replay = await readReplay(client, id)
    const replayed = Number(replay.replayed)
    progress?.advance(replayed - shown, `${replayed} of ${count}`)
    shown = replayed
    if (replay.state === 'running') continue
    progress?.stop(`${replayed} were made due: ${replay.state}`)
    return replay
  }
}

async function progressBar(max: number) {
  const { progress } = await import('@clack/prompts')
  const bar = progress({ max: Math.max(1, max), output: process.stderr })
  bar.start('Sending again')
  return bar
}
