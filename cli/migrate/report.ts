// What the migrator did, in sentences.
import type { Applied } from './apply.ts'
import type { FromVersion } from './product.ts'

/** From which version to which. */
export function describeVersions({ from, to }: { from: FromVersion; to: number }): string {
  if (from === null) return `the schema outbox was made, at version ${to}`
  if (from === to) return `the schema outbox is at version ${to}`
  return `the schema outbox went from ${from === 0 ? 'a version without a number' : from} to ${to}`
}

/** Empty when there was nothing to do. */
export function describe({ migrations, created, replaced, recompiled, keptOld }: Applied): string[] {
  return [
    ...migrations.map(name => `applied ${name}`),
    ...(created.length > 3
      ? [`applied ${created.length} function files`]
      : created.map(name => `applied ${name}`)),
    ...replaced.map(name => `re-applied ${name}`),
    ...recompiled.map(table => `recompiled the watch of ${table}`),
    ...keptOld.map(
      table => `${table} keeps its old capture functions: its owner may call outbox.recompile_watches()`,
    ),
  ]
}

export function describeUninstall(watched: string[] | null): string[] {
  if (!watched) return ['there is no schema outbox: nothing to remove']
  return [
    ...watched.map(table => `unwatched ${table}`),
    'removed the schema outbox',
    'the roles outbox_functions, outbox_listener and outbox_emitter stay, because other databases of this server may use them',
  ]
}
