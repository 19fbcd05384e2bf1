// How the command answers people and scripts: help, mistakes, and a database that cannot be used.
import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { createProgram } from '../../cli/program.ts'
import { freePort } from '../../dev/ports.ts'
import { freshDatabase } from '../support/database.ts'
import { temporaryDirectory } from '../support/server.ts'
import { outbox } from './command.ts'

interface Named {
  readonly name: string
  readonly command: Command
}

/** `events`, `events list` …: every command that help shows. */
const commands = namesOf(await createProgram())

function namesOf(command: Command, before = ''): Named[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter(inside => inside.name() !== 'help')
    .flatMap(inside => {
      const name = `${before}${inside.name()}`
      return [{ name, command: inside }, ...namesOf(inside, `${name} `)]
    })
}

test('every command stands in the help of the one around it', () => {
  expect(commands.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'init',
      'migrate',
      'listener',
      'serve',
      'endpoints create',
      'status',
      'doctor',
      'types',
      'test-receiver',
      'uninstall',
      'version',
    ]),
  )
  const { exitCode, stdout } = outbox(['--help'])
  expect(exitCode).toBe(0)
  for (const { name } of commands) expect(stdout).toContain(`  ${name.split(' ')[0]}`)
})

test.each(commands)('outbox $name explains itself, and with two examples', ({ name, command }) => {
  const help = command.helpInformation()
  expect(help).toContain(`Usage: outbox ${name}`)
  const [, examples = ''] = /\n\nExamples:\n((?: .*\n)+)/.exec(help) ?? []
  expect(examples.match(/\boutbox /g)?.length).toBeGreaterThanOrEqual(2)
})

test('a command prints its help with --help', () => {
  const { exitCode, stdout, stderr } = outbox(['events', 'list', '--help'])
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout).toContain('Usage: outbox events list')
})

test.each([
  ['a mistyped command', ['migrat'], 'Did you mean migrate?'],
  ['an unknown option', ['migrate', '--dryrun'], '--dry-run'],
  ['a missing option', ['endpoints', 'create'], '--url'],
  ['no database', ['migrate'], 'set DATABASE_URL_UNPOOLED'],
  [
    'what is no connection string',
    ['status', '--database-url', 'mysql://u:CANARY@h/d'],
    'expected postgresql://',
  ],
  [
    'a file of settings that is not there',
    ['status', '--settings', 'nowhere'],
    'nowhere cannot be read (ENOENT)',
  ],
  ['types that are zod schemas', ['types', '--zod', '--out', 'events.d.ts'], 'ends in .ts, not .d.ts'],
  ['a test of a receiver without its secret', ['test-receiver', 'http://localhost/'], 'set WEBHOOK_SECRET'],
  [
    'a test of what is no URL',
    ['test-receiver', 'localhost:3000', '--secret', 'x'],
    'expected http:// or https://',
  ],
  [
    'an event that is none',
    ['test-receiver', 'http://localhost/', '--event', import.meta.filename],
    'expected a JSON object with type and data',
  ],
  ['a check of no file', ['types', '--check'], '--check needs --out'],
  [
    'a catalogue that is none',
    ['types', '--from', import.meta.filename],
    'expected the answer of GET /v1/event-types',
  ],
  ['nobody to ask', ['init'], 'use --yes'],
  [
    'a setting of the listener that is wrong',
    ['listener', '--database-url', 'postgresql://u@h/d'],
    'OUTBOX_MASTER_KEYS is not set',
  ],
])('%s is a mistake of usage: one sentence, exit code 2', (_, args, sentence) => {
  const { exitCode, stdout, stderr } = outbox(args, { cwd: temporaryDirectory() })
  expect([exitCode, stdout]).toEqual([2, ''])
  expect(stderr).toContain(sentence)
  expect(stderr).not.toMatch(/CANARY| {4}at /)
})

test.each(['migrate', 'status', 'uninstall --yes'])(
  '%s says in a sentence that nothing accepts connections, without the connection string',
  async command => {
    const url = `postgresql://u:CANARY@127.0.0.1:${await freePort()}/app`
    const { exitCode, stdout, stderr } = outbox([...command.split(' '), '--database-url', url])
    expect([exitCode, stdout]).toEqual([6, ''])
    expect(stderr).toMatch(/^Cannot use the database: nothing accepts connections at its address: .*\n$/)
    expect(stderr).not.toContain('CANARY')
  },
)

test('a database that does not exist is not found, and with --json the error is JSON', async () => {
  const { url } = await freshDatabase({ empty: true })
  const { exitCode, stdout, stderr } = outbox(['migrate', '--json', '--database-url', `${url}_not`])
  expect([exitCode, stdout]).toEqual([3, ''])
  expect(JSON.parse(stderr)).toMatchObject({
    exit_code: 3,
    title: expect.stringContaining('no such database'),
  })
})

test('the settings come from .env, and the environment wins over it', async () => {
  const { url } = await freshDatabase()
  const cwd = temporaryDirectory()
  writeFileSync(`${cwd}/.env`, `DATABASE_URL_UNPOOLED=${url}\n`)
  expect(outbox(['status'], { cwd })).toMatchObject({ exitCode: 0 })
  const elsewhere = `postgresql://127.0.0.1:${await freePort()}/app`
  expect(outbox(['status'], { cwd, env: { DATABASE_URL_UNPOOLED: elsewhere } })).toMatchObject({
    exitCode: 6,
  })
})
