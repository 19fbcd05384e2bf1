// `outbox system`: which database this is, and what to do where it is a copy and nothing is sent.
import { type Command, Option } from 'commander'
import type { Adopted, System } from '../../functions/system/identity/schema.ts'
import { addCommand, explain } from '../add-command.ts'
import type { ApiClient } from '../api/client.ts'
import { confirm } from '../confirm.ts'
import { contextOf } from '../globals.ts'
import type { Output } from '../output.ts'

interface Adoption {
  readonly as: 'replacement' | 'new'
  readonly yes?: boolean
}

export function addSystem(program: Command): void {
  const system = explain(program.command('system'), 'which database this is, and whether it may be a copy', [
    'outbox system show',
    'outbox system adopt --as replacement',
  ])
  addCommand(system, 'show', 'print which database this is, which one has sent, and who is held', [
    'outbox system show',
    'outbox system show --json | jq .facts',
  ]).action(async (_options, command: Command) => {
    const { api, out } = contextOf(command)
    const found = await (await api()).get<System>('/v1/system')
    out.result(found, describe(found, out))
  })
  addCommand(system, 'adopt', 'say what a database is from which nothing is sent, because it is a copy', [
    'outbox system adopt --as replacement',
    'outbox system adopt --as new --yes',
  ])
    .addOption(
      new Option(
        '--as <what>',
        'replacement: what waits is sent. new: it is canceled, and endpoints are paused',
      )
        .choices(['replacement', 'new'])
        .makeOptionMandatory(),
    )
    .option('-y, --yes', 'do not ask')
    .action(async ({ as, yes }: Adoption, command: Command) => {
      const context = contextOf(command)
      const client = await context.api()
      const found = await client.get<System>('/v1/system')
      for (const line of describe(found, context.out)) context.out.note(line)
      if (found.state === 'held') await confirm(context, { what: consequence[as], yes, isBulk: true })
      const { canceled, paused } = await adopt(client, { as, facts: found.facts })
      context.out.result({ adopted: true, canceled, paused }, [
        `adopted as ${as}; canceled ${canceled}, paused ${paused} ${paused === 1 ? 'endpoint' : 'endpoints'}`,
      ])
    })
}

const consequence = {
  replacement: 'This database takes the place of the original, and what waits in it is sent.',
  new: 'What waits in this database is canceled, and every endpoint is paused.',
} as const

/** One request cancels only so much. */
async function adopt(
  client: ApiClient,
  wanted: Pick<Adoption, 'as'> & Pick<System, 'facts'>,
): Promise<Adopted> {
  let canceled = 0
  let paused = 0
  for (;;) {
    const done = await client.post<Adopted>('/v1/system/adopt', wanted)
    canceled += done.canceled
    paused += done.paused
    if (done.adopted) return { adopted: true, canceled, paused }
  }
}

function describe({ state, reason, facts, bound, held_senders: held }: System, out: Output): string[] {
  const words = (of: System['facts']) =>
    Object.entries(of)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')
  return [
    `state     ${state === 'held' ? out.style('red', `held. ${reason}`) : state}`,
    `database  ${words(facts)}`,
    ...(bound === null
      ? []
      : [
          `sent from ${words(bound.facts)}, reached at ${bound.addresses.join(', ') || 'an address that the next sender says'}`,
        ]),
    ...held.map(
      ({ sender, address, since }) => `held      ${sender} at ${address}, since ${out.time(since)}`,
    ),
  ]
}
