// The order of the files: those that take longest begin first, so that at the end of a run no worker is left alone with one of
// them. Where nothing was measured yet, as in CI, vitest goes by the size of a file, which says little.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const root = join(import.meta.dirname, '../..')

/** Those of more than half a minute on a busy machine. */
const longest = [
  'cli/every-command',
  'package/package',
  'console/browser',
  'coexistence/prisma',
  'examples/examples',
  'functions/mounted',
  'dev/run',
  'functions/drivers',
  'engine/copies',
  'server/serve',
  'docs/commands',
  'engine/threads',
  'engine/hardship',
  'functions/cron/run',
  'dev/program',
  'security/oracle',
  'functions/http/database-settings',
  'cli/api',
  'engine/server',
  'cli/doctor',
  'drizzle/watch-names',
  'security/canary',
  'engine/isolation',
  'engine/wakeup',
  'cli/types',
  'engine/listeners',
  'coexistence/drizzle-kit',
  'drizzle/partitions',
  'drizzle/generated-schemas',
  'support/reporter',
  'security/crawl-tenants',
  'engine/pgbouncer',
  'engine/degraded',
  'security/egress',
  'engine/order',
  'cli/system',
  'cli/listen',
  'engine/herd',
].map(name => `test/${name}.test.ts`)

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    for (const file of longest) if (!existsSync(join(root, file))) throw new Error(`there is no ${file}`)
    const ranks = new Map(longest.map((file, rank) => [join(root, file), rank]))
    const rank = ({ moduleId }: TestSpecification) => ranks.get(moduleId) ?? longest.length
    // What is not in the list stays as vitest has it.
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}
