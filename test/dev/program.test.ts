// The tools behind the npm scripts: each explains itself, and says in a sentence what people can mend.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { freePort } from '../../dev/ports.ts'
import { announceRunning, findRunning } from '../../dev/running.ts'
import { atEnd } from '../support/cleanup.ts'
import { freshDatabase } from '../support/database.ts'

const root = join(import.meta.dirname, '../..')
const scripts: Record<string, string> = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts

/** The program of a script, with its own arguments. */
function programOf(script: string): string[] | null {
  const [, , command, ...args] = scripts[script]!.split(' ')
  return command === 'node' && !scripts[script]!.includes('&&') ? args : null
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      OUTBOX_STATE_DIR: emptyDirectory(),
      ...env,
    },
  })
  const [out, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code, out, errors }
}

function emptyDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'outbox-tools-'))
  atEnd(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** npm runs `prepack` and `preserve` by itself, before others; listener:dev is `listener` with a file of settings. */
const explained = Object.keys(scripts).filter(
  name => programOf(name) !== null && !['prepack', 'preserve', 'listener:dev'].includes(name),
)

test.each(explained)('npm run %s -- --help explains it, and starts nothing', async name => {
  const { code, out, errors } = await run([...programOf(name)!, '--help'])
  expect(errors).toBe('')
  expect(out).toContain(`npm run ${name}`)
  expect(out.split('\n').length).toBeGreaterThan(2)
  expect(code).toBe(0)
})

test('all scripts but those of other tools are explained', () => {
  const others = Object.keys(scripts).filter(name => !explained.includes(name))
  expect(others).toEqual([
    'test',
    'prepare',
    'prepack',
    'generate',
    'format',
    'listener:dev',
    'preserve',
    'db:generate',
  ])
})

const withOptions = ['dev', 'spam', 'bench', 'chaos', 'db:migrate', 'db:seed', 'outbox:check', 'deploy']

test.each(withOptions)('npm run %s names an option that it does not have, without a stack', async name => {
  const { code, out, errors } = await run([...programOf(name)!, '--frehs'])
  expect(errors).toContain("'--frehs'")
  expect(errors).toContain(`npm run ${name}`)
  expect(errors + out).not.toMatch(/^ {4}at /m)
  expect(code).toBe(1)
})

describe.each(['db:migrate', 'db:seed', 'outbox:check'])('npm run %s', name => {
  test('says that no database is named and none runs', async () => {
    const { code, errors } = await run(programOf(name)!)
    expect(errors).toBe(
      'No database: start `npm run dev`, or set DATABASE_URL_UNPOOLED to the direct connection string of another.\n',
    )
    expect(code).toBe(1)
  })

  test('says that the database cannot be reached, without a stack or the connection string', async () => {
    const url = `postgresql://u:CANARY@127.0.0.1:${await freePort()}/x`
    const { code, errors } = await run(programOf(name)!, { DATABASE_URL_UNPOOLED: url })
    expect(errors).toContain('nothing accepts connections at its address')
    expect(errors).not.toMatch(/CANARY|^ {4}at /m)
    expect(code).toBe(1)
  })
})

test('db:uninstall does not take the database of the running system by itself', async () => {
  const stateDir = emptyDirectory()
  const db = await freshDatabase()
  announceRunning(stateDir, { url: 'http://127.0.0.1:1', apiKey: 'dev', databaseUrl: db.url })
  const { code, errors } = await run(programOf('db:uninstall')!, { OUTBOX_STATE_DIR: stateDir })
  expect(errors).toContain('Set DATABASE_URL_UNPOOLED')
  expect(code).toBe(1)
})

test('the running system is found by tools beside it, until it ends', async () => {
  const stateDir = emptyDirectory()
  const db = await freshDatabase()
  const system = { url: 'http://127.0.0.1:1', apiKey: 'dev', databaseUrl: db.url }
  const end = announceRunning(stateDir, system)
  expect(findRunning(stateDir)).toEqual(system)
  const { out } = await run(programOf('db:migrate')!, { OUTBOX_STATE_DIR: stateDir })
  expect(out).toBe('already up to date\n')
  end()
  expect(findRunning(stateDir)).toBeNull()
})

/** Programs under other names than the real ones, first and alone in the PATH. */
function fake(program: string, script: string): NodeJS.ProcessEnv {
  const dir = emptyDirectory()
  writeFileSync(join(dir, program), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return { PATH: dir }
}

describe('npm run docker', () => {
  const envFile = () => {
    const file = join(root, '.env')
    return existsSync(file) ? readFileSync(file, 'utf8') : null
  }

  test.each([
    ['docker is not installed', { PATH: '/nowhere' }, 'docker could not be started (ENOENT)'],
    [
      'docker has no compose',
      fake('docker', '[ "$1" = --version ]'),
      'docker has no `compose`: install the plugin',
    ],
    [
      'the daemon does not run',
      fake('docker', '[ "$1" != info ] || { echo "Cannot connect" >&2; exit 1; }'),
      'Docker does not answer: start it.\nCannot connect',
    ],
  ])('writes nothing while %s, and says so', async (_, env, message) => {
    const known = envFile()
    const { code, errors } = await run(programOf('docker')!, env)
    expect(errors).toContain(message)
    expect(errors).not.toMatch(/^ {4}at /m)
    expect(code).toBe(1)
    expect(envFile()).toBe(known)
  })
})

describe('npm run deploy', () => {
  /** Answers `secret list` with these names, and says what it was asked to deploy. */
  const wrangler = (...secrets: string[]) =>
    fake(
      'wrangler',
      `[ "$1" = secret ] && echo '${JSON.stringify(secrets.map(name => ({ name, type: 'secret_text' })))}' || echo "called: $*"`,
    )

  test('is refused while a secret is missing, and lists which are there', async () => {
    const { code, out, errors } = await run(programOf('deploy')!, wrangler('DATABASE_URL', 'OTHER'))
    expect(out).toBe(
      'DATABASE_URL        a secret\nOUTBOX_MASTER_KEYS  MISSING\nOUTBOX_API_KEYS     MISSING\n',
    )
    expect(errors).toContain('Nothing was deployed: without OUTBOX_MASTER_KEYS and OUTBOX_API_KEYS')
    expect(errors).toContain('node run.mjs wrangler secret put OUTBOX_MASTER_KEYS')
    expect(code).toBe(1)
  })

  test('happens when all are there', async () => {
    const { code, out } = await run(
      [...programOf('deploy')!, '--env', 'edge'],
      wrangler('DATABASE_URL', 'OUTBOX_MASTER_KEYS', 'OUTBOX_API_KEYS'),
    )
    expect(out).toContain('called: deploy --env edge')
    expect(code).toBe(0)
  })

  test('takes what stands under [vars], in a Hyperdrive binding or in a file of secrets', async () => {
    const dir = emptyDirectory()
    const config = join(dir, 'wrangler.toml')
    writeFileSync(
      config,
      'name = "x"\nmain = "x.ts"\ncompatibility_date = "2026-10-01"\n[vars]\nOUTBOX_API_KEYS = "k"\n[[hyperdrive]]\nbinding = "HYPERDRIVE"\nid = "1"\n',
    )
    const secrets = join(dir, 'secrets')
    writeFileSync(secrets, 'OUTBOX_MASTER_KEYS=k1:x\n')
    const args = [...programOf('deploy')!, '--config', config, '--secrets-file', secrets]
    const { code, out } = await run(args, wrangler())
    expect(out).toContain('DATABASE_URL        the binding HYPERDRIVE\n')
    expect(out).toContain('OUTBOX_API_KEYS     under [vars]\n')
    expect(out).toContain(`called: deploy --config ${config} --secrets-file ${secrets}`)
    expect(code).toBe(0)
  })

  test('to a Worker that does not exist yet needs all of them', async () => {
    const { code, errors } = await run(
      programOf('deploy')!,
      fake('wrangler', '[ "$1" = secret ] && { echo "Worker \\"outbox\\" not found." >&2; exit 1; }'),
    )
    expect(errors).toContain('without DATABASE_URL and OUTBOX_MASTER_KEYS and OUTBOX_API_KEYS')
    expect(code).toBe(1)
  })

  test('is refused where wrangler cannot say, with what it said', async () => {
    const { code, errors } = await run(
      programOf('deploy')!,
      fake('wrangler', '[ "$1" = secret ] && { echo "not logged in" >&2; exit 1; }'),
    )
    expect(errors).toContain("wrangler can't tell which secrets there are.\nnot logged in")
    expect(code).toBe(1)
  })

  test('with --dry-run asks for no secret', async () => {
    const { out } = await run([...programOf('deploy')!, '--dry-run'], fake('wrangler', 'echo "called: $*"'))
    expect(out).toBe('called: deploy --dry-run\n')
  })
})

test('npm ci has no warning to give: what refuses Node 20 runs on the Node that npm installs beside it', () => {
  const settings = readFileSync(join(root, '.npmrc'), 'utf8')
  expect(settings).toContain('loglevel=error')
  // `prepare` also runs where nothing but package.json is, as in the build of an image: any Node runs it.
  const scriptsElsewhere = Object.entries(scripts).filter(
    ([name, script]) =>
      name !== 'prepare' && script.split(' && ').some(part => !part.startsWith('node run.mjs ')),
  )
  expect(scriptsElsewhere).toEqual([])
  // `npm ls` reads the settings as `npm ci` does.
  const { stdout } = spawnSync('npm', ['config', 'get', 'loglevel'], { cwd: root, encoding: 'utf8' })
  expect(stdout.trim()).toBe('error')
})
