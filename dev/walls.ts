// The walls between the folders: which files may import what. Everything that is not allowed here is a breach.
import { importsOf, resolveImport, sourcesIn } from './imports.ts'

interface Wall {
  /** Folders whose files may be imported; a single file where the rest of its folder is out of bounds. */
  paths: string[]
  /** Parts of these that may not. */
  except?: string[]
  /** A package allows its subpaths too; `node:*` all of Node's modules. */
  packages: string[]
}

const functionPackages = ['hono', '@hono/zod-openapi', 'zod', '@neondatabase/serverless', 'drizzle-orm']
const rulesInSql = ['types', 'ids', 'timestamp', 'breaker', 'rate', 'retention', 'wait'].map(
  name => `delivery/${name}.ts`,
)

const product = ['delivery', 'drizzle', 'functions', 'receivers', 'worker']
const example = ['drizzle/shop', 'functions/shop', 'functions/index.ts']

/** By folder or file. The longest name that fits decides. */
const walls: Record<string, Wall> = {
  // The rules run on every runtime, so they lean on nothing.
  delivery: { paths: ['delivery'], packages: [] },
  // What receivers import runs wherever they do, and is small.
  receivers: { paths: ['receivers', 'delivery'], packages: [] },
  // The store speaks of deliveries and writes their ids and times. It hands SQL the numbers of the rules that SQL applies, no others.
  drizzle: { paths: ['drizzle', ...rulesInSql], except: ['drizzle/shop'], packages: ['drizzle-orm'] },
  'drizzle/shop': { paths: ['drizzle'], packages: ['drizzle-orm'] },
  // The product knows nothing of its example. The example uses the product, and index.ts mounts both.
  functions: {
    paths: ['functions', 'delivery', 'drizzle'],
    except: ['functions/shop', 'functions/index.ts', 'drizzle/shop'],
    packages: functionPackages,
  },
  // Only here: pg needs Node's modules, and the other functions do without.
  'functions/database/postgres.ts': {
    paths: ['functions/database', 'functions/http/idempotent-statements.ts'],
    packages: ['pg', '@neondatabase/serverless'],
  },
  'functions/shop': {
    paths: ['functions', 'delivery', 'drizzle'],
    except: ['functions/index.ts'],
    packages: functionPackages,
  },
  'functions/index.ts': { paths: ['functions'], packages: [] },
  // One process that is both: it mounts the functions and starts a listener.
  server: {
    paths: ['server', 'functions', 'worker', 'delivery'],
    except: ['functions/shop', 'functions/index.ts'],
    packages: ['hono', '@hono/node-server', 'node:*'],
  },
  worker: {
    paths: ['worker', 'delivery', 'drizzle'],
    except: ['drizzle/shop'],
    packages: ['pg', 'undici', 'pino', 'prom-client', 'drizzle-orm', 'node:*'],
  },
  // Nothing else names the SDK, so that it is loaded only where it is wanted.
  'worker/observability/tracing.ts': { paths: ['worker', 'delivery'], packages: ['@opentelemetry'] },
  // The command and what the npm package exports put the parts together. They know nothing of the example and of our tools.
  cli: {
    paths: ['cli', 'server', 'testing', ...product],
    except: [...example],
    packages: ['commander', '@clack/prompts', 'pg', 'smol-toml', 'yaml', 'node:*'],
  },
  // The migrator needs a connection and the SQL, no commands.
  'cli/migrate': {
    paths: ['cli/migrate', ...product],
    except: [...example],
    packages: ['pg', 'node:*'],
  },
  // For users' own tests, on Node: the sender's rules and the receivers' kit.
  testing: { paths: ['testing', 'receivers', 'delivery'], packages: ['node:*'] },
  exports: { paths: [...product, 'testing'], except: [...example], packages: [] },
}

export const walledFolders = ['cli', 'exports', 'server', 'testing', ...product]

/** One sentence for each import that goes through a wall. */
export function findBreaches(root: string): string[] {
  return walledFolders
    .flatMap(folder => sourcesIn(root, folder))
    .flatMap(({ file, text }) => breachesOf(file, text))
}

/** `file` is relative to the project. */
export function breachesOf(file: string, text: string): string[] {
  const wall = wallOf(file)
  return importsOf(text)
    .filter(target => !isAllowed(wall, file, target))
    .map(target => `${file} must not import ${target}`)
}

function wallOf(file: string): Wall {
  const names = Object.keys(walls).filter(name => isWithin(name, file))
  return walls[names.sort((a, b) => b.length - a.length)[0]!]!
}

function isAllowed({ paths, except = [], packages }: Wall, file: string, target: string): boolean {
  const path = resolveImport(file, target)
  if (path !== null)
    return paths.some(allowed => isWithin(allowed, path)) && !except.some(denied => isWithin(denied, path))
  if (target.startsWith('node:')) return packages.includes('node:*')
  return packages.some(allowed => isWithin(allowed, target))
}

const isWithin = (folder: string, path: string) => path === folder || path.startsWith(`${folder}/`)
