// `outbox profile`: the installations that `outbox login` keeps by name.
import type { Command } from 'commander'
import { addCommand, explain } from '../add-command.ts'
import { readProfiles, writeProfiles } from '../api/profiles.ts'
import { CommandError, exitCodes } from '../exit.ts'
import { contextOf } from '../globals.ts'

export function addProfile(program: Command): void {
  const profile = explain(program.command('profile'), 'the profiles that login has made', [
    'outbox profile list',
    'outbox profile use prod',
  ])
  addCommand(profile, 'list', 'list the profiles', [
    'outbox profile list',
    'outbox profile list --json',
  ]).action((_options, command: Command) => {
    const { env, out } = contextOf(command)
    const { default: preferred, profile: profiles } = readProfiles(env)
    const rows = Object.entries(profiles).map(([name, { url, production = false }]) => ({
      name,
      url,
      production,
      default: name === preferred,
    }))
    out.rows(rows, [
      { title: 'profile', text: row => row.name, style: row => (row.production ? 'red' : undefined) },
      { title: 'url', text: row => row.url },
      {
        title: 'is',
        text: row => (['default', 'production'] as const).filter(is => row[is]).join(', ') || '-',
      },
    ])
    if (rows.length === 0) out.note('There is none: outbox login')
  })
  addCommand(profile, 'use <name>', 'use this profile where nothing else is said', [
    'outbox profile use prod',
    'outbox profile use staging',
  ]).action((name: string, _options, command: Command) => {
    const { env, out } = contextOf(command)
    const profiles = readProfiles(env)
    if (!Object.hasOwn(profiles.profile, name))
      throw new CommandError(
        exitCodes.notFound,
        `There is no profile ${name}: outbox profile list shows them.`,
      )
    writeProfiles(env, { ...profiles, default: name })
    out.result({ default: name }, [name])
  })
}
