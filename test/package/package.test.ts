// The npm package: packed, installed in an empty directory outside the checkout, and used from there. What docs/install.md
// prints runs as printed.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { build } from 'esbuild'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../dev/ports.ts'
import { codeBlocks, readPage, root } from '../docs/pages.ts'
import { atEnd } from '../support/cleanup.ts'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { testSettings } from '../support/settings.ts'
import { type Installed, installPackage, withoutOuterNpm } from './tarball.ts'

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const entries = Object.keys(manifest.exports)
  .filter(name => name !== './package.json')
  .map(name => name.replace('.', manifest.name))

/** Every Node that is installed here, each once. */
const nodes = (process.env.PATH ?? '')
  .split(delimiter)
  .map(folder => join(folder, 'node'))
  .filter(path => existsSync(path))
  .map(path => ({ path: realpathSync(path), version: versionOf(path) }))
  .filter(({ version }, i, all) => all.findIndex(other => other.version === version) === i)

function versionOf(node: string): string {
  return spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()
}

let installed: Installed
beforeAll(async () => {
  installed = await installPackage()
})

function runNode(node: string, file: string, code: string) {
  writeFileSync(join(installed.folder, file), code)
  return spawnSync(node, [file], { cwd: installed.folder, encoding: 'utf8', env: withoutOuterNpm() })
}

test('the tarball holds what runs, and neither sources nor tests', () => {
  const { stdout } = spawnSync('tar', ['-tzf', installed.tarball], { encoding: 'utf8' })
  const files = stdout.trim().split('\n')
  expect(
    files.filter(
      file => !/^package\/(dist\/|package\.json|README|LICENSE|CHANGELOG|\.env\.example)/.test(file),
    ),
  ).toEqual([])
  expect(files.filter(file => /(?<!\.d)\.ts$|\/shop\//.test(file))).toEqual([])
  expect(files).toContain('package/dist/drizzle/migrations/0000_tables.sql')
  expect(files).toContain('package/dist/drizzle/functions/order.txt')
})

test('publint finds nothing', async () => {
  const tarball = readFileSync(installed.tarball)
  const { messages, pkg } = await publint({
    pack: { tarball: tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength) },
    strict: true,
  })
  expect(messages.map(message => formatMessage(message, pkg!))).toEqual([])
})

/** The package is ES modules only. Node loads them with require(), and TypeScript before 5.8 did not know. */
const esmOnly = ['CJSResolvesToESM']

test('the types fit the code in every resolution but that of Node 10', async () => {
  const { problems } = (await checkPackage(
    createPackageFromTarballData(readFileSync(installed.tarball)),
  )) as { problems: { kind: string; resolutionKind?: string }[] }
  const counted = problems.filter(
    ({ kind, resolutionKind }) => !esmOnly.includes(kind) && resolutionKind !== 'node10',
  )
  expect(counted).toEqual([])
})

describe.each(nodes)('on Node $version', ({ path }) => {
  const body = (load: string) =>
    `const found = {}\nfor (const name of ${JSON.stringify(entries)}) found[name] = Object.keys(${load})\nconsole.log(JSON.stringify(found))\n`

  test.each([
    ['import', 'all.mjs', 'await import(name)'],
    ['require', 'all.cjs', 'require(name)'],
  ])('%s finds every export', (_, file, load) => {
    const { stdout, stderr } = runNode(path, file, body(load))
    expect(stdout, stderr).not.toBe('')
    expect(JSON.parse(stdout)).toEqual({
      outbox: ['emit', 'emitStatement', 'unwatch', 'watch'],
      'outbox/app': ['createOutbox'],
      'outbox/edge': ['createEdge'],
      'outbox/listener': ['SettingsError', 'createTransport', 'readAsset', 'startListener'],
      'outbox/schema': expect.arrayContaining(['deliveries', 'endpoints', 'events']),
      'outbox/once': ['markInPostgres', 'onceInD1', 'onceInPostgres', 'onceInRedis', 'onceInSqlite'],
      'outbox/testing': ['createSender', 'startReceiver'],
      'outbox/verify': ['keepRawBodiesIn', 'keepRawBody', 'toleranceSeconds', 'verify'],
    })
  })

  test('a listener with two threads starts and stops', async () => {
    const settings = {
      ...testSettings,
      DATABASE_URL_UNPOOLED: (await freshDatabase()).url,
      OUTBOX_HEALTH_PORT: '0',
      OUTBOX_LISTENER_THREADS: '2',
    }
    const { stdout, stderr } = runNode(
      path,
      'threads.mjs',
      `import { startListener } from 'outbox/listener'
       const listener = await startListener(${JSON.stringify(settings)})
       console.log(await listener.stop(), await listener.ended)`,
    )
    expect(stderr).toBe('')
    expect(stdout).toContain(`"threads":2`)
    expect(stdout).toMatch(/^true true$/m)
  })

  test('the command says its version', () => {
    const main = join(installed.folder, 'node_modules/outbox/dist/cli/main.js')
    const { stdout } = spawnSync(path, [main, 'version', '--json'], { encoding: 'utf8' })
    expect(JSON.parse(stdout)).toMatchObject({ outbox: manifest.version })
  })
})

test('a bundle takes only what it imports', async () => {
  const bundled = async (entry: string) => {
    const { outputFiles, metafile } = await build({
      stdin: { contents: `export * from '${entry}'`, resolveDir: installed.folder },
      bundle: true,
      minify: true,
      format: 'esm',
      write: false,
      metafile: true,
    })
    const inputs = Object.keys(metafile.inputs).flatMap(path => /node_modules\/(.*)/.exec(path)?.[1] ?? [])
    return { bytes: gzipSync(outputFiles[0]!.contents).length, inputs }
  }
  const verify = await bundled('outbox/verify')
  expect(
    verify.inputs.filter(path => !/^outbox\/dist\/(exports\/verify|delivery\/|receivers\/)/.test(path)),
  ).toEqual([])
  expect(verify.bytes).toBeLessThan(3_000)
  const once = await bundled('outbox/once')
  expect(once.inputs.filter(path => !/^outbox\/dist\/(exports\/once|receivers\/once)/.test(path))).toEqual([])
  const main = await bundled('outbox')
  const parts = ['exports/index', 'drizzle/emit', 'drizzle/run-statement', 'drizzle/watch']
  expect(main.inputs.sort()).toEqual(parts.map(path => `outbox/dist/${path}.js`).sort())
  expect(main.bytes).toBeLessThan(1_500)
})

test('the TypeScript of docs/receivers.md compiles against the package', () => {
  const events = `interface Of<Type> { type: Type; timestamp: string; data: { new: { status: string; amount_cents: number } } }
    export type Events = Of<'invoices.created'> | Of<'invoices.updated'>\n`
  writeFileSync(join(installed.folder, 'events.d.ts'), events)
  const given = 'declare const secret: string, created: { type: string; data: object }\n'
  const files = codeBlocks(readPage('docs/receivers.md'), 'ts').map((code, i) => {
    writeFileSync(join(installed.folder, `receivers${i}.mts`), given + code)
    return `receivers${i}.mts`
  })
  expect(files.length).toBeGreaterThan(3)
  // A reader has the types of what the snippets import.
  mkdirSync(join(installed.folder, 'node_modules/@types'), { recursive: true })
  const pgTypes = join(installed.folder, 'node_modules/@types/pg')
  if (!existsSync(pgTypes)) symlinkSync(join(root, 'node_modules/@types/pg'), pgTypes)
  expect(compiled(...files)).toEqual({ status: 0, stdout: '' })
})

/** With the settings of a strict project on Node. */
function compiled(...files: string[]) {
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022']
  const types = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node,pg']
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), ...options, ...types, ...files],
    { cwd: installed.folder, encoding: 'utf8' },
  )
  return { status, stdout }
}

describe('docs/install.md', () => {
  const page = readPage('docs/install.md')
  const [install, setUp, allow, receive, listen, change] = codeBlocks(page, 'sh')
  const [receiver] = codeBlocks(page, 'js')

  test('its TypeScript compiles against the package, as ES modules and as CommonJS', () => {
    const [snippet] = codeBlocks(page, 'ts')
    writeFileSync(join(installed.folder, 'snippet.mts'), snippet!)
    writeFileSync(
      join(installed.folder, 'snippet.cts'),
      `import { createOutbox } from 'outbox/app'\nimport { startListener } from 'outbox/listener'\nimport { verify } from 'outbox/verify'\n` +
        'export const all = [createOutbox().fetch, startListener({}).then(listener => listener.healthPort), verify]\n',
    )
    expect(compiled('snippet.mts', 'snippet.cts')).toEqual({ status: 0, stdout: '' })
  })

  test('from the tarball to a verified webhook, step by step as printed', async () => {
    const db = await freshDatabase({ empty: true })
    const client = await db.connect()
    await client.query(
      `create table orders (id int primary key, status text); insert into orders values (1, 'new')`,
    )
    const [port, healthPort] = [await freePort(), await freePort()]
    const ours = (code: string) =>
      code
        .replace('./outbox-0.1.0.tgz', installed.tarball)
        .replace(/postgresql:\/\/USER\S+/, db.url)
        .replaceAll('localhost:3000', `localhost:${port}`)
        .replace('npm install ', 'npm install --prefer-offline --no-audit ')
    const shell = {
      cwd: installed.folder,
      env: { ...withoutOuterNpm(), OUTBOX_HEALTH_PORT: String(healthPort) },
    }
    const run = (code: string) => {
      const { status, stdout, stderr } = spawnSync('sh', ['-euc', ours(code)], { ...shell, encoding: 'utf8' })
      expect(status, `${code}\n${stdout}${stderr}`).toBe(0)
      return stdout
    }
    const start = (code: string) => startShell(ours(code), shell)
    const [named] = setUp!.split('\n')

    run(install!)
    expect(run(setUp!)).toContain('the schema outbox was made, at version')
    writeFileSync(join(installed.folder, 'receiver.mjs'), receiver!.replace('3000', String(port)))
    const [id, secret] = run(allow!).trim().split('\n')
    expect([id, secret]).toEqual([expect.stringMatching(/^ep_/), expect.stringMatching(/^whsec_/)])
    const receiving = start(receive!.replace('whsec_…', secret!))
    const listening = start(listen!)
    await listening.says('"msg":"listening"')
    const after = run(`${named}\n${change}`)
    await receiving.says('"status" : "shipped"')
    expect(after).toMatch(/^listeners +1$/m)
    expect(after).toMatch(/^ok\s+capture drift/m)
    await eventually(async () => {
      const { rows } = await client.query('select state::text from outbox.deliveries')
      return rows.length === 1 && rows[0].state === 'delivered'
    })
    listening.stop()
    await listening.says('"clean":true,"msg":"stopped"')
    expect(run(`${named}\nnpx outbox uninstall --yes`)).toContain('unwatched orders')
  })
})

/** In a process group of its own, because npx starts a shell, and that the program. */
function startShell(code: string, options: { cwd: string; env: NodeJS.ProcessEnv }) {
  const child: ChildProcess = spawn('sh', ['-euc', `exec ${code.replace(/^(\w+=\S+) /, 'env $1 ')}`], {
    ...options,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  let said = ''
  child.stdout!.on('data', data => {
    said += data
  })
  const kill = (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, signal)
  }
  atEnd(async () => {
    kill('SIGKILL')
    await exited
  })
  return {
    says: (words: string) => eventually(() => expect(said).toContain(words), { timeoutMs: 20_000 }),
    stop: () => kill('SIGTERM'),
  }
}
