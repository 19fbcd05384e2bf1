// `outbox apply`, `diff` and `export`: endpoints as code. The plan is printed before anything is done.
import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { addCommand } from '../add-command.ts'
import { apply, type Done } from '../config/apply.ts'
import { parseFile, printFile } from '../config/file.ts'
import { nameOf, planFor, readEndpoints, type Step } from '../config/plan.ts'
import { confirm } from '../confirm.ts'
import { CommandError, exitCodes } from '../exit.ts'
import { type Context, contextOf } from '../globals.ts'
import { oneLine } from '../output.ts'
import { readText } from '../parse.ts'

interface Options {
  readonly file: string
  readonly prune?: boolean
  readonly yes?: boolean
}

const defaultFile = 'outbox.yaml'

export function addApply(program: Command): void {
  addCommand(program, 'apply', 'make the endpoints what a file says', [
    'outbox apply -f outbox.yaml',
    'outbox apply --prune --yes',
  ])
    .option('-f, --file <file>', 'the file', defaultFile)
    .option('--prune', 'delete the endpoints that have a name and are not in the file')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      '\nAn endpoint is found by its name and tenant. Those without a name are left alone.',
    )
    .action((options: Options, command: Command) => applyFile(contextOf(command), options))
}

export function addDiff(program: Command): void {
  addCommand(program, 'diff', 'say how the endpoints differ from a file; the exit code is 7 when they do', [
    'outbox diff',
    'outbox diff -f production.yaml --prune',
  ])
    .option('-f, --file <file>', 'the file', defaultFile)
    .option('--prune', 'endpoints that are not in the file count as well')
    .action(async (options: Options, command: Command) => {
      const context = contextOf(command)
      const steps = await plan(context, options)
      print(context, steps)
      if (steps.length > 0) process.exitCode = exitCodes.isFalse
      else context.out.note('no difference')
    })
}

export function addExport(program: Command): void {
  addCommand(program, 'export', 'write the endpoints that have a name as a file, without secrets', [
    'outbox export > outbox.yaml',
    'outbox export -f outbox.yaml --profile prod',
  ])
    .option('-f, --file <file>', 'where to (default: standard output)')
    .action(async ({ file }: { file?: string }, command: Command) => {
      const context = contextOf(command)
      const endpoints = await readEndpoints(await context.api())
      const text = printFile(endpoints)
      if (file !== undefined) save(file, text)
      context.out.result({ file: file ?? null, endpoints: endpoints.length, text }, [
        file === undefined ? text : `${file}: ${endpoints.length} endpoints`,
      ])
    })
}

async function plan({ api }: Context, { file, prune = false }: Options): Promise<Step[]> {
  const declared = parseFile(file, readText(file))
  return planFor(declared, await readEndpoints(await api()), { prune })
}

async function applyFile(context: Context, options: Options): Promise<void> {
  const { out } = context
  const steps = await plan(context, options)
  if (steps.length === 0) {
    out.result({ created: 0, updated: 0, deleted: 0, endpoints: [] }, [])
    return out.note('no change')
  }
  if (!out.isJson && !options.yes) out.note(describe(context, steps))
  const deletions = count(steps, 'delete')
  // To make and to change can be undone; a person at a terminal is asked all the same.
  if (deletions > 0 || context.canAsk)
    await confirm(context, { what: `This changes ${summary(steps)}.`, yes: options.yes, isBulk: true })
  const done: Done[] = []
  await apply(await context.api(), steps, some => {
    done.push(...some)
    if (process.stderr.isTTY && done.length < steps.length) out.note(`${done.length} of ${steps.length}`)
  }).catch(error => {
    // The secrets of those that are made are shown now or never.
    if (done.length > 0) report(context, done)
    if (!(error instanceof CommandError)) throw error
    throw new CommandError(
      error.exitCode,
      `${error.message} ${done.length} of ${steps.length} are done; run it again.`,
      error.problem,
    )
  })
  report(context, done)
}

function report({ out }: Context, done: readonly Done[]): void {
  const steps = done.map(({ step }) => step)
  const made = done.filter(({ secret }) => secret !== undefined)
  const object = {
    created: count(steps, 'create'),
    updated: count(steps, 'update'),
    deleted: count(steps, 'delete'),
    endpoints: done.map(({ step, id, secret }) => ({ action: step.action, name: nameOf(step), id, secret })),
  }
  out.result(
    object,
    made.map(({ step, id, secret }) => [nameOf(step), id, secret].join('\t')),
  )
  if (made.length > 0) out.note('The last column is what receivers verify with. It is shown only once.')
  out.note(`${object.created} created, ${object.updated} updated, ${object.deleted} deleted`)
}

const count = (steps: readonly Step[], action: Step['action']) =>
  steps.filter(step => step.action === action).length
const summary = (steps: readonly Step[]) =>
  `${count(steps, 'create')} to create, ${count(steps, 'update')} to update, ${count(steps, 'delete')} to delete`

function print(context: Context, steps: readonly Step[]): void {
  const { out } = context
  if (out.isJson) out.rows(steps.map(jsonStep), [])
  else out.data(describe(context, steps))
}

function describe({ out }: Context, steps: readonly Step[]): string {
  const marks = { create: ['+', 'green'], update: ['~', 'yellow'], delete: ['-', 'red'] } as const
  const lines = steps.flatMap(step => {
    const [mark, style] = marks[step.action]
    const changes = step.action === 'update' ? step.changes : []
    return [
      out.style(style, `${mark} ${nameOf(step)}`),
      ...changes.map(({ setting, from, to }) => `    ${setting}: ${shown(from)} → ${shown(to)}`),
    ]
  })
  return lines.join('\n')
}

const shown = (value: unknown) => oneLine(JSON.stringify(value ?? null))

function jsonStep(step: Step) {
  const changes = step.action === 'update' ? step.changes : []
  return {
    action: step.action,
    name: nameOf(step),
    changes: changes.map(change => ({ ...change, from: change.from ?? null })),
  }
}

function save(file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw new CommandError(
      exitCodes.usage,
      `The file ${file} cannot be written (${(error as NodeJS.ErrnoException).code}).`,
    )
  }
}
