// What the migrator did, in sentences.
import type { Applied } from './apply.ts'

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
