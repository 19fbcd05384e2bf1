// The functions in workerd as in production: bundled as for deployment, and no wrangler or other Worker in front of them.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { unstable_readConfig } from 'wrangler'
import { writeAssets } from '../../dev/console-assets.ts'
import { wrangler } from '../../dev/services/functions.ts'

const root = join(import.meta.dirname, '../..')
const bundle = mkdtempSync(join(tmpdir(), 'outbox-bench-'))
writeAssets()
execFileSync(process.execPath, [wrangler, 'deploy', '--dry-run', '--outdir', bundle], { cwd: root })
const { compatibility_date, compatibility_flags } = unstable_readConfig({
  config: join(root, 'wrangler.toml'),
})
const names = [
  'DATABASE_URL',
  'NEON_PROXY',
  'OUTBOX_API_KEYS',
  'OUTBOX_MASTER_KEYS',
  'OUTBOX_ALLOW_HTTP',
  'OUTBOX_ALLOW_PRIVATE_NETWORKS',
]
const runtime = new Miniflare(
  convertV4MiniflareOptions({
    modules: true,
    modulesRoot: bundle,
    scriptPath: join(bundle, 'index.js'),
    compatibilityDate: compatibility_date!,
    compatibilityFlags: compatibility_flags,
    bindings: Object.fromEntries(names.map(name => [name, process.env[name] ?? ''])),
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    host: '127.0.0.1',
    port: 0,
    cf: false,
  }),
)
await runtime.ready
const url = await runtime.unsafeGetDirectURL()
console.log('listening')
console.log(`on ${url.origin}`)
process.once('SIGTERM', async () => {
  await runtime.dispose()
  rmSync(bundle, { recursive: true })
})
