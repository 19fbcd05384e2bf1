// `npm run bench`: starts the environment, runs the scenarios, prints one table, writes JSON and a page to bench/results/.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { say, Trouble } from '../dev/say.ts'
import type { Environment } from './environment.ts'
import { type Goal, goals } from './goals.ts'
import { installPeers } from './install.ts'
import { chosenOf, type Options, readOptions } from './options.ts'
import { readable } from './report/numbers.ts'
import { page } from './report/page.ts'
import { table } from './report/table.ts'
import { Results } from './results.ts'
import type { Scenario } from './scenario.ts'

try {
  const options = readOptions(process.argv.slice(2))
  installPeers()
  // Imported only now, because they import packages that have just been installed.
  const { scenarios } = await import('./scenarios/index.ts')
  const { openEnvironment } = await import('./environment.ts')
  const chosen = chosenOf(scenarios, options)
  const environment = await openEnvironment()
  try {
    await measure(environment, chosen, options)
  } finally {
    await environment.stop()
  }
} catch (error) {
  console.error(error instanceof Trouble ? error.message : error)
  process.exitCode = 1
}

async function measure(
  environment: Environment,
  chosen: readonly Scenario[],
  options: Options,
): Promise<void> {
  const { describeMachine } = await import('./machine.ts')
  const header = await describeMachine(environment)
  if (options.quick) header.note = 'a quick run: it shows that everything runs, but the figures mean nothing'
  for (const [name, text] of Object.entries(header)) say(name, text)
  const results = new Results()
  for (const { name, question, run } of chosen) {
    say('scenario', `${name}: ${question}`)
    await run({
      environment,
      quick: options.quick,
      rounds: options.rounds,
      record(measured) {
        results.add(name, measured)
        const { variant, subject, metric, unit, value } = measured
        say('', `${variant}, ${subject}: ${metric} ${readable(value)} ${unit}`)
      },
      note: text => results.notes.push({ scenario: name, text }),
    })
    write(header, results, options) // after each scenario, so that a failure of a later one loses nothing
  }
  console.log(`\n${table(results, goalsOf(results, options))}\n`)
}

/** None for a quick run: its numbers are too small. */
function goalsOf(results: Results, { quick }: Options): Goal[] {
  return quick ? [] : goals(results)
}

function write(header: Record<string, string>, results: Results, options: Options): void {
  const dir = join(import.meta.dirname, 'results')
  mkdirSync(dir, { recursive: true })
  const { figures, notes } = results
  const evaluated = goalsOf(results, options)
  const json = JSON.stringify({ header, figures, notes, goals: evaluated }, null, 2)
  writeFileSync(join(dir, 'latest.json'), `${json}\n`)
  writeFileSync(join(dir, 'latest.html'), page(header, results, evaluated))
  say('written', relative(process.cwd(), join(dir, 'latest.html')))
}
