// The table in a source file's head comment, to compare it with the values that it claims to show.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** The cells of each row that begins with a number: `//   1    4 s to 6 s      5 s` is ['1', '4 s to 6 s', '5 s']. */
export function headTable(path: string): string[][] {
  const head = readFileSync(join(root, path), 'utf8').split('\nimport ')[0]!
  return head
    .split('\n')
    .filter(line => /^\/\/ +\d/.test(line))
    .map(line => line.replace(/^\/\/ +/, '').split(/ {2,}/))
}
