// dist/workerd/: what `outbox/app` and `outbox/edge` are in a Worker, bundled in advance. Only here can the half of zod be
// left out that nobody needs, its messages in fifty languages among it, and only here is everything minified: wrangler leaves a
// Worker as it is, and a Worker's size is limited. Node takes the modules as they are, so that a class is one in all exports.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'

/** What the application shares with the outbox, or what is minified already. Wrangler finds them in the application. */
const external = ['hono', 'hono/*', '@neondatabase/serverless', 'node:*', 'cloudflare:*']

/** From what tsc has made in `dist`. */
export async function buildForWorkerd(dist: string): Promise<void> {
  const outdir = join(dist, 'workerd')
  const { metafile } = await build({
    entryPoints: [join(dist, 'exports/app.js'), join(dist, 'exports/edge.js')],
    outdir,
    bundle: true,
    splitting: true, // a Worker that imports both has the common part once
    minify: true,
    sourcemap: true,
    sourcesContent: false, // the sources are in the package
    metafile: true,
    format: 'esm',
    target: 'es2024',
    platform: 'neutral',
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['browser', 'module', 'main'],
    external,
    plugins: [lessOfZod, importedBuiltins],
    logLevel: 'warning',
  })
  writeFileSync(join(outdir, 'LICENSES.txt'), licences(metafile))
}

/** Parts of zod that nothing of ours calls, and that come along because @hono/zod-openapi takes zod as a whole. */
const leftOut: Record<string, string> = {
  'locales/index.js': `export { default as en } from './en.js'`,
  'classic/from-json-schema.js': 'export const fromJSONSchema = undefined',
  'core/compile.js':
    'export let INVALID, compile, withParser, ZodCompileAsyncError, ZodCompileUnsupportedError',
}

const lessOfZod: Plugin = {
  name: 'less-of-zod',
  setup({ onLoad }) {
    for (const [part, contents] of Object.entries(leftOut))
      onLoad({ filter: new RegExp(`zod/v4/${part}$`) }, ({ path }) => ({
        contents,
        resolveDir: dirname(path),
      }))
  },
}

/** pg require()s Node's modules. A Worker has no require(): they are imported. */
const importedBuiltins: Plugin = {
  name: 'imported-builtins',
  setup({ onResolve, onLoad }) {
    const bare = new RegExp(`^(${builtinModules.join('|')})$`)
    onResolve({ filter: bare }, ({ path, kind }) =>
      kind === 'require-call' ? { path, namespace: 'builtin' } : { path: `node:${path}`, external: true },
    )
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `import all from 'node:${path}'\nmodule.exports = all`,
    }))
  },
}

/** What the licences of the bundled packages ask to be passed on with them. */
function licences({ inputs }: Metafile): string {
  const folders = Object.keys(inputs).map(path => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1])
  const packages = [...new Set(folders)].filter(folder => folder !== undefined).sort()
  return packages.map(licenceOf).join('\n\n')
}

function licenceOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find(entry => /^licen[sc]e/i.test(entry))
  const text = file === undefined ? '' : `\n\n${readFileSync(join(folder, file), 'utf8').trim()}`
  return `${name} ${version}, ${license}${text}\n`
}
