// The walls between the folders: who may import what. Everything that is not allowed here is a breach.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

interface Wall {
  /** Folders whose files may be imported; a single file where the rest of its folder is out of bounds. */
  paths: string[]
  /** A package allows its subpaths too; `node:*` all of Node's modules. */
  packages: string[]
}

const walls: Record<string, Wall> = {
  // The rules run on every runtime, so they lean on nothing.
  delivery: { paths: ['delivery'], packages: [] },
  // The store speaks of deliveries and writes their ids. It hands SQL the numbers of the rules that SQL applies, no others.
  drizzle: {
    paths: ['drizzle', ...['types', 'ids', 'breaker', 'rate', 'wait'].map(name => `delivery/${name}.ts`)],
    packages: ['drizzle-orm'],
  },
  functions: {
    paths: ['functions', 'delivery', 'drizzle'],
    packages: ['hono', '@hono/zod-openapi', 'zod', '@neondatabase/serverless', 'drizzle-orm'],
  },
  worker: {
    paths: ['worker', 'delivery', 'drizzle'],
    packages: ['pg', 'undici', 'pino', 'prom-client', 'drizzle-orm', 'node:*'],
  },
}

/** One sentence for each import that goes through a wall. */
export function findBreaches(root: string): string[] {
  return Object.keys(walls).flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.ts'))
      .map(name => join(folder, name))
      .flatMap(file => breachesOf(file, readFileSync(join(root, file), 'utf8'))),
  )
}

/** `file` is relative to the project, and its first folder decides what it may import. */
export function breachesOf(file: string, source: string): string[] {
  const wall = walls[file.split('/')[0]!]!
  return importsOf(source)
    .filter(target => !isAllowed(wall, file, target))
    .map(target => `${file} must not import ${target}`)
}

function isAllowed({ paths, packages }: Wall, file: string, target: string): boolean {
  if (target.startsWith('.')) {
    const path = relative('.', join(dirname(file), target))
    return paths.some(allowed => path === allowed || path.startsWith(`${allowed}/`))
  }
  if (target.startsWith('node:')) return packages.includes('node:*')
  return packages.some(allowed => target === allowed || target.startsWith(`${allowed}/`))
}

/** Everything a file imports, types included: one type of `pg` brings all of Node's types in. */
function importsOf(source: string): string[] {
  const forms = [
    /^\s*(?:import|export)\b[\w\s{},*$]*?\bfrom\s*['"]([^'"]+)['"]/gm, // import … from 'x', export … from 'x'
    /^\s*import\s*['"]([^'"]+)['"]/gm, // import 'x'
    /\b(?:import|require)\s*\(\s*['"]([^'"]+)['"]/g, // import('x'), as a value or as a type
    /\b(?:import|require)\s*\(\s*([^'")\s][^)]*)\)/g, // import(x): nobody knows what
    /^\s*\/\/\/\s*<reference\s+\w+=['"]([^'"]+)['"]/gm,
  ]
  return forms.flatMap(form => [...source.matchAll(form)].map(match => match[1]!))
}
