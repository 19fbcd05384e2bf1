// `outbox types`: every event type with its data, as TypeScript or zod, for receivers. The same catalogue gives the same text.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import { readCatalogue } from '../../drizzle/catalogue.ts'
import { addCommand } from '../add-command.ts'
import { requireSchema, withConnection } from '../connection.ts'
import { CommandError, exitCodes } from '../exit.ts'
import { type Context, contextOf } from '../globals.ts'
import { type CatalogueEntry, eventShapes } from '../types/event-shapes.ts'
import { printTypes } from '../types/typescript.ts'
import { printZod } from '../types/zod.ts'

interface Options {
  readonly out?: string
  readonly zod?: boolean
  readonly from?: string
  readonly check?: boolean
}

export function addTypes(program: Command): void {
  addCommand(
    program,
    'types',
    'write every event type with its data as TypeScript, for verify<Events>() in receivers',
    [
      'outbox types --out src/events.d.ts',
      'curl -H "authorization: Bearer $KEY" $URL/v1/event-types | outbox types --from - --zod --out src/events.ts',
    ],
  )
    .option('--out <file>', 'where to write it (default: standard output)')
    .option('--zod', 'write zod schemas, which check at run time too')
    .option(
      '--from <file>',
      'a catalogue (the answer of GET /v1/event-types; - is standard input), no database',
    )
    .option('--check', 'write nothing; exit with 7 if --out is not what would be written')
    .action(async (options: Options, command: Command) => {
      const context = contextOf(command)
      refuseNonsense(options)
      const events = eventShapes(await catalogueOf(context, options))
      const source = options.zod ? printZod(events) : printTypes(events)
      const names = events.map(({ type }) => type)
      if (options.out === undefined) return context.out.result({ event_types: names, source }, [source])
      write(context, options.out, source, names, options.check ?? false)
    })
}

function refuseNonsense({ out, zod, check }: Options): void {
  if (zod && out?.endsWith('.d.ts'))
    throw new CommandError(exitCodes.usage, 'zod schemas are code: name a file that ends in .ts, not .d.ts.')
  if (check && out === undefined)
    throw new CommandError(exitCodes.usage, '--check needs --out: the file to check.')
}

async function catalogueOf(context: Context, { from }: Options): Promise<readonly CatalogueEntry[]> {
  if (from !== undefined) return parseCatalogue(from === '-' ? await text(process.stdin) : read(from))
  const { env, api, target } = context
  if (target().kind === 'server')
    return (await (await api()).get<{ data: CatalogueEntry[] }>('/v1/event-types')).data
  return withConnection(env, async ({ run }) => {
    await requireSchema(run)
    return readCatalogue(run)
  })
}

/** What `GET /v1/event-types` answers, or the list in it. */
function parseCatalogue(json: string): readonly CatalogueEntry[] {
  try {
    const parsed = JSON.parse(json)
    const entries: CatalogueEntry[] = Array.isArray(parsed) ? parsed : parsed.data
    if (entries.every(({ type, schema }) => typeof type === 'string' && schema !== null))
      return entries.map(entry => ({
        ...entry,
        table: entry.table ?? null,
        operations: entry.operations ?? [],
      }))
  } catch {}
  throw new CommandError(
    exitCodes.usage,
    '--from has no catalogue: expected the answer of GET /v1/event-types.',
  )
}

function write(
  { out }: Context,
  file: string,
  source: string,
  types: readonly string[],
  check: boolean,
): void {
  const changed = !existsSync(file) || read(file) !== source
  if (changed && !check) save(file, source)
  const state = changed
    ? check
      ? 'is not up to date: run outbox types again'
      : 'was written'
    : 'is up to date'
  out.result({ out: file, changed, event_types: types }, [`${file} ${state} (${types.length} event types)`])
  if (changed && check) process.exitCode = exitCodes.isFalse
}

const read = (file: string) => onFile(file, 'read', () => readFileSync(file, 'utf8'))
const save = (file: string, source: string) => onFile(file, 'written', () => writeFileSync(file, source))

function onFile<T>(file: string, done: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new CommandError(
      exitCodes.usage,
      `The file ${file} cannot be ${done} (${(error as NodeJS.ErrnoException).code}).`,
    )
  }
}
