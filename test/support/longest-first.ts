// The order of the files: those that take longest begin first, so that at the end of a run no worker is left alone with one of
// them. Where nothing was measured yet, as in CI, vitest goes by the size of a file, which says little.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const root = join(import.meta.dirname, '../..')

/** Those of more than half a minute on a busy machine. */
const longest = [
  'package/managers',
  'console/browser',
  'cli/every-command',
  'engine/copies',
  'coexistence/prisma',
  'examples/examples',
  'package/package',
  'server/serve',
  'functions/drivers',
  'dev/run',
  'cli/listen',
  'security/egress',
  'security/fuzz',
  'engine/hardship',
  'cli/system',
  'functions/edge/sending',
  'engine/threads',
  'security/crawl',
  'coexistence/drizzle-kit',
  'cli/api',
  'engine/server',
  'engine/degraded',
  'security/oracle',
  'engine/isolation',
  'functions/cron/run',
  'engine/order',
  'console/api-page',
  'functions/replays/pinned',
  'engine/time',
  'console/forms',
  'functions/system/identity',
  'engine/pgbouncer',
  'engine/listeners',
  'engine/wakeup',
  'cli/types',
  'cli/config',
  'functions/edge/faults',
  'engine/database',
  'dev/scale',
  'docs/receivers',
  'functions/events/explain',
  'drizzle/explain-row',
  'drizzle/watch-names',
  'cli/doctor',
  'security/canary',
  'worker/send/transport',
  'engine/tracing',
  'functions/events/batch',
  'worker/listener',
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
