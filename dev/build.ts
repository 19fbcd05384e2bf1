// `npm run build`: makes dist/, which is what the npm package holds: JavaScript, declarations, and the SQL of the migrator.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { buildForWorkerd } from './build-workerd.ts'
import { writeAssets } from './console-assets.ts'
import { helpIfAsked } from './program.ts'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

helpIfAsked('npm run build\n\nMakes dist/, which is what the npm package holds.')
rmSync(dist, { recursive: true, force: true })
const tsc = join(root, 'node_modules/.bin/tsc')
const { status } = spawnSync(tsc, ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)
for (const folder of ['drizzle/functions', 'drizzle/migrations'])
  cpSync(join(root, folder), join(dist, folder), { recursive: true })
writeAssets(join(dist, 'public'))
await buildForWorkerd(dist)
chmodSync(join(dist, 'cli/main.js'), 0o755)
