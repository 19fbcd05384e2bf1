// The files of the console and of the API's page. In a Worker they are its assets: at the root the platform answers for them
// before the Worker is asked, and under a base path the Worker asks for them here. Anywhere else whoever serves hands in how
// they are read.
import { type Context, Hono } from 'hono'
import type { App } from '../settings.ts'
import { assetFiles } from './assets.gen.ts'

export type AssetName = keyof typeof assetFiles

/** The content of one of the console's files; null where there is none. */
export type ReadAsset = (file: string) => Promise<Uint8Array<ArrayBuffer> | null>

export const assetPath = (name: AssetName): string => `assets/${assetFiles[name]}`

const types: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
}

const known: ReadonlySet<string> = new Set(Object.values(assetFiles))

/** They need no key: there is nothing in them that is not published. */
export function createAssets(read: ReadAsset | undefined): Hono<App> {
  return new Hono<App>().get('/console/assets/:file', c => serveAsset(c, c.req.param('file'), read))
}

/** Its name changes with its content, so it may be kept for ever. */
async function serveAsset(c: Context<App>, file: string, read: ReadAsset | undefined): Promise<Response> {
  const content = known.has(file) ? await (read ? read(file) : readBound(c, file)) : null
  if (content === null) return new Response('There is no such file.\n', { status: 404 })
  return new Response(content, {
    headers: {
      'content-type': types[file.split('.').at(-1)!]!,
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
    },
  })
}

interface AssetsBinding {
  fetch(url: string): Promise<Response>
}

/** From the Worker's assets: the binding that wrangler.toml calls ASSETS. */
async function readBound({ env }: Context<App>, file: string): Promise<Uint8Array<ArrayBuffer> | null> {
  const { ASSETS: binding } = (env ?? {}) as { readonly ASSETS?: AssetsBinding }
  if (!binding) return null
  const answer = await binding.fetch(`http://assets/console/assets/${file}`)
  return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : null
}
