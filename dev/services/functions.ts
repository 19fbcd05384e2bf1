// Runs the functions: `wrangler dev` executes them in workerd, and bundles them again when a file changes.
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type Child, startChild } from '../child.ts'
import { writeAssets } from '../console-assets.ts'
import type { Guard } from '../guard.ts'
import { say, Trouble } from '../say.ts'
import type { Settings } from '../settings.ts'

export const wrangler = join(
  dirname(createRequire(import.meta.url).resolve('wrangler/package.json')),
  'bin/wrangler.js',
)

interface Options {
  root: string
  dir: string
  host?: string
  port: number
  settings: Settings
  guard: Guard
  /** Gets each line of their log after the start. */
  onLine?: (line: string) => void
}

export interface Functions extends Child {
  url: string
}

export async function startFunctions(options: Options): Promise<Functions> {
  const { root, dir, host = '127.0.0.1', port, settings, guard, onLine = passOn } = options
  let ready = () => {}
  const untilReady = new Promise<void>(resolve => {
    ready = resolve
  })
  const log: string[] = []
  let started = false
  const args = [wrangler, 'dev', '--ip', host, '--port', String(port), '--inspector-port', '0']
  writeAssets()
  // Settings come through the environment: other users could read a command line. The empty file keeps wrangler from
  // reading a .dev.vars.
  const noSettings = join(dir, 'none.env')
  writeFileSync(noSettings, '')
  const quiet = ['--show-interactive-dev-session=false', '--env-file', noSettings]
  const child = startChild([...args, ...quiet, '--persist-to', join(dir, 'wrangler')], {
    cwd: root,
    guard,
    env: { ...environment(dir), ...settings },
    onLine(line) {
      if (started) return onLine(line)
      log.push(line)
      if (line.includes('Ready on')) ready()
    },
  })
  const failed = child.ended.then(how => {
    throw new Trouble(`wrangler dev did not start (${how}):\n${log.join('\n')}`)
  })
  failed.catch(() => {}) // its later end is not a failure to start
  await Promise.race([untilReady, failed])
  started = true
  return { ...child, url: `http://127.0.0.1:${port}` }
}

/** Only what wrangler needs: it hands every variable of its environment to the Worker. */
function environment(dir: string): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, NODE_EXTRA_CA_CERTS } = process.env
  return {
    PATH,
    HOME,
    TMPDIR,
    NODE_EXTRA_CA_CERTS,
    CLOUDFLARE_INCLUDE_PROCESS_ENV: 'true',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false', // otherwise it contacts Cloudflare's network on every start
    CI: '1',
    NO_COLOR: '1',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_LOG_PATH: join(dir, 'logs'),
  }
}

/** Shows the functions' log and wrangler's messages about changes, but neither requests nor blank lines. */
function passOn(line: string) {
  if (line.trim() && !line.startsWith('[wrangler:info]')) say('functions', line)
}
