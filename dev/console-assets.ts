// Writes public/, the files that a Worker serves beside its script: the style and scripts of the console and of the API's page, and
// libraries from their packages. Each name carries a hash of what is in the file, so a browser may keep it for ever. The names stand in
// functions/console/assets.gen.ts; with --check nothing is written, and the script fails if they are not what it would write.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readArguments, runTool } from './program.ts'

const root = join(import.meta.dirname, '..')

/** By the name that pages use. */
const sources = {
  'console.css': 'assets/console.css',
  'console.js': 'assets/console.js',
  'live.js': 'assets/live.js',
  'sheet.js': 'assets/sheet.js',
  'charts.js': 'assets/charts.js',
  'docs.js': 'assets/docs.js',
  'docs.css': 'assets/docs.css',
  'swagger-ui.js': 'node_modules/swagger-ui-dist/swagger-ui-bundle.js',
  'swagger-ui.css': 'node_modules/swagger-ui-dist/swagger-ui.css',
  'uplot.js': 'node_modules/uplot/dist/uPlot.iife.min.js',
  'uplot.css': 'node_modules/uplot/dist/uPlot.min.css',
} as const

const namesFile = join(root, 'functions/console/assets.gen.ts')

/** Kept for a year: another content has another name. */
const headers = `/console/assets/*
  Cache-Control: public, max-age=31536000, immutable
  X-Content-Type-Options: nosniff
`

interface Asset {
  readonly name: string
  readonly file: string
  readonly content: Buffer
}

function readAssets(): Asset[] {
  return Object.entries(sources).map(([name, source]) => {
    const content = readFileSync(join(root, source))
    const hash = createHash('sha256').update(content).digest('hex').slice(0, 10)
    const dot = name.lastIndexOf('.')
    return { name, file: `${name.slice(0, dot)}.${hash}${name.slice(dot)}`, content }
  })
}

function namesText(assets: readonly Asset[]): string {
  const lines = assets.map(({ name, file }) => `  '${name}': '${file}',\n`)
  return `// Written by dev/console-assets.ts (\`npm run generate\`). Do not edit.

/** The console's files as they are served, with a hash of their content. */
export const assetFiles = {
${lines.join('')}} as const
`
}

/** False when the names in functions/console/assets.gen.ts are not those of the files as they are. */
export function areAssetNamesFresh(): boolean {
  return existsSync(namesFile) && readFileSync(namesFile, 'utf8') === namesText(readAssets())
}

export function writeAssetNames(): void {
  if (!areAssetNamesFresh()) writeFileSync(namesFile, namesText(readAssets()))
}

/** Writes `<to>/console/assets/…` and `<to>/_headers`. */
export function writeAssets(to = join(root, 'public')): void {
  const folder = join(to, 'console/assets')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const { file, content } of readAssets()) writeFileSync(join(folder, file), content)
  writeFileSync(join(to, '_headers'), headers)
}

const usage = `npm run assets

Writes the console's style and scripts into public/, named after their content, as a Worker serves them.
npm run dev, npm run deploy and npm run serve do it by themselves.`

if (import.meta.main)
  await runTool(() => {
    readArguments({ usage, options: {} })
    writeAssetNames()
    writeAssets()
  })
