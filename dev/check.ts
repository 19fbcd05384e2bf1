// `npm run check`: all of CI except the tests. Prints a line for each step, and the failures at the end.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { areAssetNamesFresh } from './console-assets.ts'
import { findStale } from './generate.ts'
import { findImportCircles } from './import-circles.ts'
import { sourcesIn } from './imports.ts'
import { findLockGaps } from './lock-gaps.ts'
import { helpIfAsked } from './program.ts'
import { findTableProblems } from './readme.ts'
import { isSchemaFileFresh } from './schema-file.ts'
import { isSchemaVersionFresh } from './schema-version.ts'
import { withScratchServer } from './scratch-database.ts'
import { findBreaches, walledFolders } from './walls.ts'

const root = join(import.meta.dirname, '..')

/** Returns a description of what is wrong; empty when nothing is. */
type Step = () => string | Promise<string>

const steps: Record<string, Step> = {
  'lint and format': () => run('biome', 'ci', '--colors=off', '.'),
  types: () => run('tsc', '-p', '.'),
  'types of delivery/': () => run('tsc', '-p', 'delivery'),
  'types of receivers/': () => run('tsc', '-p', 'receivers'),
  'types of functions/': () => run('tsc', '-p', 'functions'),
  'types of the package': () => run('tsc', '-p', 'tsconfig.build.json', '--noEmit'),
  walls: () => findBreaches(root).join('\n'),
  'import circles': () =>
    findImportCircles(walledFolders.flatMap(folder => sourcesIn(root, folder))).join('\n'),
  'schema and migrations': async () => {
    const said = await output(process.execPath, 'dev/drift.ts')
    return said.text.includes('no drift') ? '' : said.text
  },
  'drizzle/schema.sql': async () =>
    (await withScratchServer(isSchemaFileFresh))
      ? ''
      : 'The migrations and function files make another schema: run `npm run generate` and review what changed in it.',
  'drizzle/schema-version.gen.ts': () =>
    isSchemaVersionFresh() ? '' : 'It does not fit drizzle/functions: run `npm run generate`.',
  'generated files': async () => (await findStale()).join('\n'),
  'functions/console/assets.gen.ts': () =>
    areAssetNamesFresh() ? '' : 'It does not fit the files of the console: run `npm run generate`.',
  'tables in the docs': () => findTableProblems().join('\n'),
  'package-lock.json': () => findLockGaps(join(root, 'package-lock.json')).join('\n'),
  'bench/package-lock.json': () => findLockGaps(join(root, 'bench/package-lock.json')).join('\n'),
  'docker-compose files': () => run('dclint', '--quiet', 'docker-compose.yml', 'docker-compose.serve.yml'),
}

helpIfAsked(
  `npm run check\n\nAll of CI except the tests:\n${Object.keys(steps)
    .map(name => `  ${name}`)
    .join('\n')}`,
)

const failures: string[] = []
for (const [name, step] of Object.entries(steps)) {
  const start = performance.now()
  const wrong = await step()
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`${wrong ? 'FAILED' : 'ok    '}  ${name.padEnd(22)} ${seconds.padStart(5)} s`)
  if (wrong) failures.push(`--- ${name}\n${wrong.trim()}`)
}
for (const failure of failures) console.error(`\n${failure}`)
process.exitCode = failures.length > 0 ? 1 : 0

/** Runs a tool of node_modules. Its exit code decides. */
async function run(tool: string, ...args: string[]): Promise<string> {
  const { code, text } = await output(join(root, 'node_modules/.bin', tool), ...args)
  return code === 0 ? '' : text || `exit code ${code}`
}

async function output(command: string, ...args: string[]) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code: code as number, text: out + errors }
}
