// The handshake of the listener (drizzle/schema-version.ts): on a schema that it does not belong to, no session is opened. So
// it is not ready and says why, and works as soon as the schema is migrated.
import type { Run } from '../drizzle/run.ts'
import { readSchemaState, schemaProblem, versionProblem } from '../drizzle/schema-version.ts'
import type { Heartbeat } from '../drizzle/store.ts'

/** Its message is one sentence: what is wrong, and what to run. */
export class SchemaError extends Error {
  readonly code = 'SCHEMA'
}

export async function refuseForeignSchema(run: Run): Promise<void> {
  const problem = schemaProblem(await readSchemaState(run))
  if (problem !== null) throw new SchemaError(problem)
}

/** The schema may be migrated while this listener runs. A newer one mostly still works with it. */
export function refuseOutgrown({ schemaVersion, schemaWorksWith }: Heartbeat): void {
  const problem = versionProblem({ version: schemaVersion, worksWith: schemaWorksWith, differing: 0 })
  if (problem !== null) throw new SchemaError(problem)
}
