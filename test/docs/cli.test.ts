// docs/cli.md names every command with an example, and no command or option that is not there.
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { createProgram } from '../../cli/program.ts'
import { codeBlocks, readPage, section } from './pages.ts'

const page = readPage('docs/cli.md')
const program = await createProgram()
const rows = [...section(page, 'Commands').matchAll(/^\| `(.+?)` \| (.*) \|$/gm)].map(
  ([, example = '', does = '']) => ({
    example,
    does,
  }),
)

function leaves(command: Command): Command[] {
  const inside = command.createHelp().visibleCommands(command)
  return inside
    .filter(one => one.name() !== 'help')
    .flatMap(one => (one.commands.length > 0 ? leaves(one) : [one]))
}

test('every command has a row, with its own first example and its own sentence', () => {
  const expected = leaves(program).map(command => {
    const [, example = ''] = /Examples:\n {2}(.*)\n/.exec(command.helpInformation()) ?? []
    return { example, does: command.summary() }
  })
  expect(rows).toEqual(expected)
})

test('every line of code calls a command with options that it has', () => {
  const calls = [
    ...codeBlocks(page, 'sh')
      .join('\n')
      .matchAll(/\boutbox ([^)"\n]+)/g),
  ].map(([, call]) => call!)
  expect(calls.length).toBeGreaterThan(3)
  for (const call of calls) {
    const words = call.split(' ')
    let command = program
    for (const word of words) command = command.commands.find(inside => inside.name() === word) ?? command
    expect(command, call).not.toBe(program)
    const known = [...command.options, ...program.options].map(({ long }) => long)
    for (const word of words.filter(one => one.startsWith('--'))) expect(known, call).toContain(word)
  }
})
