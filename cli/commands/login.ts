// `outbox login`: keeps an installation by name, so that no command needs an address.
import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import { addCommand } from '../add-command.ts'
import { ApiClient } from '../api/client.ts'
import { profilesFile, readProfiles, writeProfiles } from '../api/profiles.ts'
import { CommandError, exitCodes, usageError } from '../exit.ts'
import { type Context, contextOf } from '../globals.ts'

interface Login {
  readonly name: string
  readonly keyCommand?: string
  readonly production?: boolean
}

export function addLogin(program: Command): void {
  addCommand(
    program,
    'login',
    'keep the address and the key of an outbox as a profile; the key is asked for',
    [
      'outbox login --api https://outbox.example.com --name prod --production',
      'outbox login --api https://outbox.example.com --name ci --key-command "op read op://team/outbox/key"',
    ],
  )
    .requiredOption('--name <name>', 'what to call it')
    .option('--key-command <command>', 'prints the key whenever it is needed, so that no file holds it')
    .option('--production', 'bulk changes ask for its name')
    .addHelpText('after', '\nWithout a terminal the key is read from standard input, or from OUTBOX_API_KEY.')
    .action((options: Login, command: Command) =>
      login(contextOf(command), options, command.optsWithGlobals()),
    )
}

async function login(context: Context, { name, keyCommand, production }: Login, { api }: { api?: string }) {
  const { env, out } = context
  const url = api ?? env.OUTBOX_URL
  if (!url) throw usageError('Which outbox? Use --api https://….')
  if (!/^[\w-]+$/.test(name)) throw usageError('--name takes letters, digits, - and _.')
  const profiles = readProfiles(env)
  const key = keyCommand === undefined ? await askKey(context) : undefined
  const profile = {
    url,
    ...(keyCommand === undefined ? { key: key! } : { key_command: keyCommand }),
    ...(production ? { production } : {}),
  }
  if (key !== undefined) await tryKey(url, key)
  writeProfiles(env, {
    ...profiles,
    default: profiles.default ?? name,
    profile: { ...profiles.profile, [name]: profile },
  })
  out.result({ name, url }, [name])
  out.note(`Kept in ${profilesFile(env)}, which only you can read.\nnext: outbox status --profile ${name}`)
}

async function askKey({ env, canAsk }: Context): Promise<string> {
  if (env.OUTBOX_API_KEY) return env.OUTBOX_API_KEY
  if (!canAsk) {
    const key = process.stdin.isTTY ? '' : (await text(process.stdin)).trim()
    if (key === '') throw usageError('Which key? Write it to standard input, or set OUTBOX_API_KEY.')
    return key
  }
  const { password, isCancel } = await import('@clack/prompts')
  const key = await password({ message: 'API key', output: process.stderr })
  if (isCancel(key) || !key) throw new CommandError(exitCodes.interrupted, 'Nothing was kept.')
  return key
}

/** A wrong key is told now, not at three in the morning. */
async function tryKey(url: string, key: string): Promise<void> {
  const client = new ApiClient({ baseUrl: url, key, transport: request => fetch(request), trace: () => {} })
  await client.get('/v1/endpoints', { limit: 1 })
}
