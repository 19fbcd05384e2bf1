// `npm run bench`: brings up the ground, runs the scenarios, prints one table, leaves JSON and a page in bench/results/.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { say, Trouble } from '../dev/say.ts'
import type { Ground } from './environment.ts'
import { type Goal, goals } from './goals.ts'
import { installPeers } from './install.ts'
import { type Options, readOptions } from './options.ts'
import { readable } from './report/numbers.ts'
import { page } from './report/page.ts'
import { table } from './report/table.ts'
import { Results } from './results.ts'
import type { Scenario } from './scenario.ts'

try {
  installPeers()
  // Only now, because they import what has just been installed.
  const { scenarios } = await import('./scenarios/index.ts')
  const { openGround } = await import('./environment.ts')
  const options = readOptions(
    process.argv.slice(2),
    scenarios.map(({ name }) => name),
  )
  const chosen = scenarios.filter(({ name }) => options.only.length === 0 || options.only.includes(name))
  const ground = await openGround()
  try {
    await measure(ground, chosen, options)
  } finally {
    await ground.stop()
  }
} catch (error) {
  console.error(error instanceof Trouble ? error.message : error)
  process.exitCode = 1
}

async function measure(ground: Ground, chosen: readonly Scenario[], options: Options): Promise<void> {
  const { describeMachine } = await import('./machine.ts')
  const header = await describeMachine(ground)
  if (options.quick) header.mind = 'a quick run: it shows that everything runs, and measures nothing'
  for (const [name, text] of Object.entries(header)) say(name, text)
  const results = new Results()
  for (const { name, question, run } of chosen) {
    say('scenario', `${name}: ${question}`)
    await run({
      ground,
      quick: options.quick,
      rounds: options.rounds,
      record(measured) {
        results.add(name, measured)
        const { variant, contestant, metric, unit, value } = measured
        say('', `${variant}, ${contestant}: ${metric} ${readable(value)} ${unit}`)
      },
      note: text => results.notes.push({ scenario: name, text }),
    })
    write(header, results, options) // a later one that fails takes nothing with it
  }
  console.log(`\n${table(results, reached(results, options))}\n`)
}

/** Of small numbers nothing may be concluded. */
function reached(results: Results, { quick }: Options): Goal[] {
  return quick ? [] : goals(results)
}

function write(header: Record<string, string>, results: Results, options: Options): void {
  const dir = join(import.meta.dirname, 'results')
  mkdirSync(dir, { recursive: true })
  const { figures, notes } = results
  const aims = reached(results, options)
  const json = JSON.stringify({ header, figures, notes, goals: aims }, null, 2)
  writeFileSync(join(dir, 'latest.json'), `${json}\n`)
  writeFileSync(join(dir, 'latest.html'), page(header, results, aims))
  say('written', relative(process.cwd(), join(dir, 'latest.html')))
}
