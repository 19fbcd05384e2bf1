// `npm run deploy`: deploys the functions, but not while a setting is missing that every request of theirs needs.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { writeAssets } from './console-assets.ts'
import { readArguments, runTool } from './program.ts'
import { Trouble } from './say.ts'

const usage = `npm run deploy -- [--env NAME] [--config FILE] [--secrets-file FILE] [--dry-run]

  --env NAME           the environment of wrangler.toml
  --config FILE        the configuration (default: wrangler.toml)
  --secrets-file FILE  secrets that are set by this deployment, as NAME=value or as JSON
  --dry-run            bundles, and deploys nothing

Everything else wrangler can do: node run.mjs wrangler deploy`

const options = {
  env: { type: 'string' },
  config: { type: 'string' },
  'secrets-file': { type: 'string' },
  'dry-run': { type: 'boolean' },
} as const

type Given = Partial<Record<'env' | 'config' | 'secrets-file', string>>

interface Needed {
  readonly name: string
  /** Where it is set; null = nowhere. */
  readonly place: string | null
}

await runTool(async () => {
  const { 'dry-run': dryRun, ...given } = readArguments({ usage, options })
  if (!dryRun) await requireSettings(given)
  writeAssets()
  const args = [...flags(given), ...(dryRun ? ['--dry-run'] : [])]
  process.exitCode = wrangler('deploy', args, 'inherit').status ?? 1
})

async function requireSettings(given: Given): Promise<void> {
  const needed = await settingsNeeded(given)
  const width = Math.max(...needed.map(({ name }) => name.length))
  for (const { name, place } of needed) console.log(`${name.padEnd(width)}  ${place ?? 'MISSING'}`)
  const missing = needed.filter(({ place }) => place === null).map(({ name }) => name)
  if (missing.length === 0) return
  const where = flags({ env: given.env, config: given.config }).map(flag => ` ${flag}`)
  const commands = missing.map(name => `  node run.mjs wrangler secret put ${name}${where.join('')}`)
  throw new Trouble(
    `Nothing was deployed: without ${missing.join(' and ')} every request would be answered 503. Set what is missing:\n${commands.join('\n')}`,
  )
}

/** Everything else has a default. */
async function settingsNeeded(given: Given): Promise<Needed[]> {
  const { unstable_readConfig } = await import('wrangler') // only now: loading it takes a second
  const { vars, hyperdrive } = unstable_readConfig({ config: given.config, env: given.env })
  const inFile = namesIn(given['secrets-file'])
  const secrets = secretsThere(given)
  const placeOf = (name: string) => {
    if (inFile.includes(name)) return 'in the file of secrets'
    if (secrets.includes(name)) return 'a secret'
    return name in vars ? 'under [vars]' : null
  }
  const bound = hyperdrive.some(({ binding }: { binding: string }) => binding === 'HYPERDRIVE')
    ? 'the binding HYPERDRIVE'
    : null
  return [
    { name: 'DATABASE_URL', place: placeOf('DATABASE_URL') ?? bound },
    ...['OUTBOX_MASTER_KEYS', 'OUTBOX_API_KEYS'].map(name => ({ name, place: placeOf(name) })),
  ]
}

function namesIn(file: string | undefined): string[] {
  if (file === undefined) return []
  try {
    const text = readFileSync(file, 'utf8')
    return Object.keys(text.trimStart().startsWith('{') ? JSON.parse(text) : parseEnv(text))
  } catch (error) {
    throw new Trouble(`--secrets-file ${file} can't be read: ${(error as Error).message}`)
  }
}

/** The names of those that the Worker has. One that does not exist yet has none. */
function secretsThere({ env, config }: Given): string[] {
  const { status, stdout, stderr } = wrangler('secret', [
    'list',
    '--format',
    'json',
    ...flags({ env, config }),
  ])
  if (status === 0)
    return (JSON.parse(stdout.slice(stdout.indexOf('['))) as { name: string }[]).map(({ name }) => name)
  if (/Worker ".*" .*not found/.test(stderr + stdout)) return []
  throw new Trouble(`Nothing was deployed: wrangler can't tell which secrets there are.\n${stderr}${stdout}`)
}

function flags(given: Given): string[] {
  return Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]))
}

function wrangler(command: string, args: string[], stdio: 'pipe' | 'inherit' = 'pipe') {
  const result = spawnSync('wrangler', [command, ...args], { stdio, encoding: 'utf8' })
  if (result.error) throw new Trouble(`wrangler could not be started: ${result.error.message}`)
  return result
}
