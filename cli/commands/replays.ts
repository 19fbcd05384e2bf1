// `outbox replays`: what was asked to be sent again, and how far it has come.
import type { Command } from 'commander'
import type { Replay } from '../../functions/replays/schema.ts'
import { addCommand, explain } from '../add-command.ts'
import { type Context, contextOf } from '../globals.ts'
import { wholeNumber } from '../parse.ts'
import { pathOf } from '../replay-progress.ts'
import { fieldLines } from '../show/fields.ts'
import { stateStyle, stateWord } from '../show/words.ts'

const id = 'rpl_0000000000000001a1b2c3d4'

export function addReplays(program: Command): void {
  const replays = explain(program.command('replays'), 'what was asked to be sent again: list, read, stop', [
    'outbox replays list',
    `outbox replays cancel ${id}`,
  ])
  addCommand(replays, 'list', 'list replays and redeliveries, newest first', [
    'outbox replays list',
    `outbox replays list --json | jq -r 'select(.state == "running").id'`,
  ])
    .option('--endpoint <endpoint>', 'of this endpoint')
    .option('--limit <n>', 'how many at most', wholeNumber, 50)
    .action(list)
  addCommand(replays, 'get <replay>', 'print a replay and how far it has come', [
    `outbox replays get ${id}`,
    `outbox replays get ${id} --json | jq .replayed`,
  ]).action(async (replay: string, _options, command: Command) => {
    const context = contextOf(command)
    show(context, await (await context.api()).get<Replay>(pathOf(replay)))
  })
  addCommand(replays, 'cancel <replay>', 'stop a replay; what it has made due stays due', [
    `outbox replays cancel ${id}`,
    `outbox replays cancel ${id} --json | jq .replayed`,
  ]).action(async (replay: string, _options, command: Command) => {
    const context = contextOf(command)
    show(context, await (await context.api()).post<Replay>(`${pathOf(replay)}/cancel`))
  })
}

async function list({ endpoint, limit }: { endpoint?: string; limit: number }, command: Command) {
  const { api, out } = contextOf(command)
  const found = await (await api()).all<Replay>('/v1/replays', { endpoint_id: endpoint }, limit)
  out.rows(found, [
    { title: 'replay', text: replay => replay.id },
    {
      title: 'state',
      text: ({ state }) => stateWord(state, out.isTerminal),
      style: ({ state }) => stateStyle(state),
    },
    { title: 'replayed', text: replay => String(replay.replayed) },
    { title: 'of', text: ({ count }) => (count === undefined ? '-' : String(count)) },
    { title: 'endpoint', text: replay => replay.endpoint_id ?? 'by filter' },
    { title: 'created', text: replay => out.time(replay.created_at) },
  ])
  if (found.length === 0) out.note('There is none.')
}

const show = ({ out }: Context, replay: Replay) => out.result(replay, fieldLines(replay, out))
