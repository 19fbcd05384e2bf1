// `outbox whoami`: which outbox commands speak to, and with which key.
import type { Command } from 'commander'
import type { Whoami } from '../../functions/keys/whoami.ts'
import { addCommand } from '../add-command.ts'
import { contextOf } from '../globals.ts'
import { fieldLines } from '../show/fields.ts'

export function addWhoami(program: Command): void {
  addCommand(program, 'whoami', 'print which outbox commands speak to, and what the key may do', [
    'outbox whoami',
    'outbox whoami --profile prod --json | jq -r .scope',
  ]).action(async (_options, command: Command) => {
    const { api, out, target } = contextOf(command)
    const found = target()
    const key = await (await api()).get<Whoami>('/v1/whoami')
    const place =
      found.kind === 'server'
        ? { url: found.url, profile: found.profile, production: found.isProduction }
        : { url: null, profile: null, production: false }
    const shown = { ...place, ...key }
    const { url, production, tenant, ...rest } = shown
    out.result(
      shown,
      fieldLines(
        {
          outbox: url ?? 'the API runs in this process, on the database of the settings',
          ...(production ? { production: 'yes: what concerns many asks for the name of the profile' } : {}),
          ...rest,
          tenant: tenant ?? 'any',
        },
        out,
      ),
    )
  })
}
