// The report: a few lines on the terminal, everything as JSON, and one page with the timeline.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { say } from '../dev/say.ts'
import { invariants, type Verdict } from './checker.ts'
import type { Sample } from './observer.ts'
import type { Options } from './options.ts'
import { renderPage } from './page.ts'
import type { Records } from './records.ts'
import { timelineOf } from './timeline.ts'

export interface Report {
  options: Options
  began: number
  ended: number
  verdict: Verdict
  samples: Sample[]
}

/** Violations shown of each kind; the JSON has them all. */
const maxExamples = 5

/** Returns how many invariants were violated. */
export function writeReport(out: string, report: Report, records: Records): number {
  const { verdict, options, began, ended, samples } = report
  const kinds = Object.entries(Object.groupBy(records.faults, fault => fault.kind))
  const counts = kinds.map(([kind, faults]) => `${faults!.length} × ${kind}`).join(', ')
  say('survived', `${records.faults.length} faults: ${counts}`)
  for (const [name, count] of Object.entries(verdict.figures)) say('', `${count} ${name}`)
  const outcomes = Object.entries(invariants).map(([id, name]) => {
    const violations = verdict.violations.filter(violation => violation.invariant === id)
    return { id, name, count: violations.length, examples: violations.slice(0, maxExamples).map(v => v.what) }
  })
  for (const { id, name, count, examples } of outcomes) {
    say(count === 0 ? 'ok' : 'VIOLATED', `${id} ${name}: ${count} violations`)
    for (const example of examples) say('', example)
  }
  const timeline = timelineOf(records, samples, { from: began, until: ended })
  const { seed, minutes, listeners, rate } = options
  const json = { seed, minutes, listeners, rate, began, ended, ...verdict, faults: records.faults, timeline }
  writeFileSync(join(out, 'report.json'), JSON.stringify(json, null, 1))
  writeFileSync(join(out, 'report.html'), renderPage(report, outcomes, records.faults, timeline))
  say('report', join(out, 'report.html'))
  const failed = outcomes.filter(outcome => outcome.count > 0).length
  console.log(`${outcomes.length - failed} passed, ${failed} failed`)
  return failed
}
