// What the README and docs/ print, for the tests that hold them to it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')

export const readPage = (path: string) => readFileSync(join(root, path), 'utf8')

/** Every page that people read, by its path from the root. */
export const pages: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
]

/** What stands between this `##` heading and the next. */
export function section(page: string, heading: string): string {
  const text = page.split(`\n## ${heading}\n`)[1]
  if (text === undefined) throw new Error(`expected a section “${heading}”`)
  return text.split('\n## ')[0]!
}

/** The code blocks of a language, without the indent that they have in a list. */
export function codeBlocks(text: string, language: string): string[] {
  const fenced = new RegExp(`^( *)\`\`\`${language}\\n(.*?)\\n\\1\`\`\`$`, 'gms')
  return [...text.matchAll(fenced)].map(([, indent = '', code = '']) =>
    code
      .split('\n')
      .map(line => (line.startsWith(indent) ? line.slice(indent.length) : line))
      .join('\n'),
  )
}

export function withoutCodeBlocks(text: string): string {
  return text.replace(/^( *)```.*?^\1```$/gms, '')
}
