// `outbox version`: of the package, of the schema it brings, and of Node.
import type { Command } from 'commander'
import { version } from '../../delivery/version.ts'
import { schemaVersion } from '../../drizzle/schema-version.gen.ts'
import { addCommand } from '../add-command.ts'
import { contextOf } from '../globals.ts'

export function addVersion(program: Command): void {
  addCommand(program, 'version', 'print the version of outbox, of its schema and of Node', [
    'outbox version',
    'outbox version --json | jq -r .schema',
  ]).action((_options, command: Command) => {
    const node = process.versions.node
    contextOf(command).out.result({ outbox: version, schema: schemaVersion, node }, [
      `outbox ${version}, schema ${schemaVersion}, Node ${node}`,
    ])
  })
}
