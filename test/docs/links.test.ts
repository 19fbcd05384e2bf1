// The pages point at what there is: files, headings, npm scripts, settings.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, posix, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, test } from 'vitest'
import { mutationNames } from '../../chaos/mutations.ts'
import { pages, readPage, root, withoutCodeBlocks } from './pages.ts'

const scripts = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts)
const settings = Object.keys(
  parseEnv(readFileSync(join(root, '.env.example'), 'utf8').replace(/^# ([A-Z_]+=)/gm, '$1')),
)
/** Made by commands, so git does not have them. `outbox/` is what `outbox init` makes in the reader's project. */
const made = /^(\.outbox|bench\/results|outbox)\//

/** GitHub's way to make an anchor of a heading. */
function anchorsOf(page: string): string[] {
  const headings = withoutCodeBlocks(page).match(/^#+ .*$/gm) ?? []
  return headings.map(heading =>
    heading
      .replace(/^#+ /, '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function brokenLinks(path: string, page: string): string[] {
  const targets = [...withoutCodeBlocks(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!)
  return targets.filter(target => {
    if (/^(https?|mailto):/.test(target)) return false
    const [file = '', anchor] = target.split('#')
    const place = file === '' ? path : posix.join(posix.dirname(path), file)
    if (!existsSync(join(root, place))) return true
    return anchor !== undefined && !anchorsOf(readPage(place)).includes(anchor)
  })
}

/** What stands in backticks and looks like a path of ours: from the root, or from the page. */
function missingPaths(path: string, page: string): string[] {
  const quoted = [...withoutCodeBlocks(page).matchAll(/`([^`\s]+)`/g)].map(([, text]) => text!)
  const looksLikePath = (text: string) =>
    /^[\w.@-]+(\/[\w.@-]+)*\/?$/.test(text) &&
    (/\.(ts|mjs|sql|md|json|toml|yml|html)$/.test(text) || isFolder(join(root, text.split('/')[0]!)))
  const isThere = (text: string) =>
    existsSync(join(root, text)) || existsSync(resolve(root, dirname(path), text)) || isLinked(page, text)
  return quoted.filter(text => looksLikePath(text) && !made.test(text) && !isThere(text))
}

const isFolder = (path: string) => existsSync(path) && statSync(path).isDirectory()

/** [`claim.sql`](../drizzle/queries/claim.sql): a short name, the link has the whole path. */
const isLinked = (page: string, text: string) =>
  [...page.matchAll(/\[`([^`]+)`\]\(([^)]+)\)/g)].some(
    ([, name, target]) => name === text && target!.endsWith(text),
  )

const unknownScripts = (page: string) =>
  [...page.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name!).filter(name => !scripts.includes(name))

/** Of the Worker, as `name = "OUTBOX_…"`. */
const bindings = [...readPage('wrangler.toml').matchAll(/^name = "(OUTBOX_[A-Z_]+)"/gm)].map(
  ([, name]) => name,
)

const unknownSettings = (page: string) =>
  (page.match(/\b(OUTBOX_[A-Z_]+|DATABASE_URL(_UNPOOLED)?|NEON_PROXY)\b/g) ?? []).filter(
    name => !settings.includes(name) && !bindings.includes(name),
  )

describe.each(pages)('%s', path => {
  const page = readPage(path)

  test('links to files and headings that exist', () => {
    expect(brokenLinks(path, page)).toEqual([])
  })

  test('names paths that exist', () => {
    expect(missingPaths(path, page)).toEqual([])
  })

  test('names npm scripts that exist', () => {
    expect(unknownScripts(page)).toEqual([])
  })

  test('names settings that .env.example has', () => {
    expect(unknownSettings(page)).toEqual([])
  })
})

test.each([
  ['a link to a missing file', brokenLinks, '[x](gone.md)'],
  ['a link to a missing heading', brokenLinks, '[x](README.md#gone)'],
  ['a missing path', missingPaths, '`worker/gone.ts`'],
])('%s is found', (_, faultsIn, page) => {
  expect(faultsIn('README.md', page)).toHaveLength(1)
})

test('an unknown script and an unknown setting are found', () => {
  expect(unknownScripts('npm run gone')).toEqual(['gone'])
  expect(unknownSettings('OUTBOX_GONE')).toEqual(['OUTBOX_GONE'])
})

test('the table of benchmarks has every scenario, and no other', () => {
  const scenarios = readdirSync(join(root, 'bench/scenarios')).flatMap(
    file => /^ {2}name: '([^']+)'/m.exec(readPage(`bench/scenarios/${file}`))?.[1] ?? [],
  )
  const printed = [...readPage('docs/benchmarks.md').matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name)
  expect(printed.sort()).toEqual(scenarios.sort())
})

test('the page on contributing names every mutation of the fault lab, and no other', () => {
  const [sentence = ''] = /`--mutation NAME`[^.]*\./.exec(readPage('CONTRIBUTING.md')) ?? []
  const printed = [...sentence.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name)
  expect(printed).toEqual(mutationNames)
})
