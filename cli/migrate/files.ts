// The SQL of the product or of the example, as it lies in its folder: numbered migrations, and files of functions.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export interface Migration {
  /** As drizzle-kit's journal calls it, such as `0000_tables`. */
  name: string
  path: string
  sql: string
}

export interface FunctionFile {
  /** Relative to drizzle/, such as `functions/emit.sql`. */
  name: string
  path: string
  sql: string
  sha256: string
  /** It decides what outbox.watch() generates. */
  compilesWatches: boolean
}

/** In the order of drizzle-kit's journal. */
export function readMigrations(folder: string): Migration[] {
  const journal = JSON.parse(readFileSync(join(folder, 'migrations/meta/_journal.json'), 'utf8'))
  return journal.entries.map(({ tag: name }: { tag: string }) => {
    const path = join(folder, 'migrations', `${name}.sql`)
    return { name, path, sql: readFileSync(path, 'utf8') }
  })
}

/** In the order of order.txt. `root` is drizzle/, `folder` that or a folder inside it. */
export function readFunctionFiles(root: string, folder: string): FunctionFile[] {
  const functions = join(folder, 'functions')
  const order = readOrder(join(functions, 'order.txt'))
  refuseStrangers(functions, order.keys())
  return [...order].map(([stem, compilesWatches]) => {
    const path = join(functions, `${stem}.sql`)
    const sql = readFileSync(path, 'utf8')
    return {
      name: relative(root, path),
      path,
      sql,
      sha256: createHash('sha256').update(sql).digest('hex'),
      compilesWatches,
    }
  })
}

/** Each file's name without `.sql`, and whether it compiles watches. */
function readOrder(path: string): Map<string, boolean> {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .map(line => line.trim())
    .filter(line => line && !line.startsWith('#'))
  return new Map(
    lines.map(line => {
      const [, stem, mark] = /^(\w+)(\s+compiles watches)?$/.exec(line) ?? []
      if (!stem) throw new Error(`${path}: expected the name of a file, got: ${line}`)
      return [stem, mark !== undefined]
    }),
  )
}

/** A file that order.txt does not name would never be applied. */
function refuseStrangers(functions: string, known: Iterable<string>) {
  const files = new Set([...known].map(stem => `${stem}.sql`))
  const strangers = readdirSync(functions).filter(name => name.endsWith('.sql') && !files.has(name))
  if (strangers.length > 0)
    throw new Error(`${functions}/order.txt does not say when to apply ${strangers.join(', ')}.`)
}
