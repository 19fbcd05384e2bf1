// The report as one self-contained page: the verdict, then all that happened over one axis of time.
import { type Axis, clock, escapeHtml, faultsChart, lasted, lineChart } from './charts.ts'
import type { Fault } from './records.ts'
import type { Report } from './report.ts'
import type { Timeline } from './timeline.ts'

interface Outcome {
  id: string
  name: string
  count: number
  examples: string[]
}

const style = `
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 1140px; margin: 2rem auto; padding: 0 1rem; color: #1f2937 }
  h2 { margin: 2rem 0 .5rem } figure { margin: .8rem 0 } figcaption { color: #4b5563 }
  table { border-collapse: collapse } td { padding: .1rem 1.2rem .1rem 0; vertical-align: top } td.n { text-align: right }
  .ok { color: #047857 } .bad { color: #b91c1c; font-weight: 600 }
  svg { width: 100%; display: block; font-size: 11px } svg text { fill: #4b5563 }
  svg text.name { fill: #1f2937; font-weight: 600 } svg .plot { fill: #f9fafb } svg line { stroke: #e5e7eb }
  svg path { fill: none; stroke: #2563eb; stroke-width: 1.2 } svg .shade { fill: #dc2626; opacity: .07 }
  svg .fault { fill: #dc2626; opacity: .65 } svg .fault:hover { opacity: 1 }`

export function renderPage(report: Report, outcomes: Outcome[], faults: Fault[], timeline: Timeline): string {
  const { options, verdict, began } = report
  const failed = outcomes.filter(outcome => outcome.count > 0).length
  const axis: Axis = { began, seconds: timeline.seconds }
  const inOrder = faults.toSorted((a, b) => a.from - b.from)
  const chart = (name: string, values: (number | null)[], height: number, unit?: string) =>
    `<figure>${lineChart(name, values, { height, bands: faults, axis, unit })}</figure>`
  const mutation = options.mutation === null ? '' : ` --mutation ${options.mutation}`
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Outbox: chaos run, seed ${options.seed}</title>
<style>${style}</style>
<h1>${failed === 0 ? `${faults.length} faults survived, nothing lost` : `<span class="bad">${failed} of ${outcomes.length} invariants violated</span>`}</h1>
<p>${options.minutes} min of faults, ${options.listeners} listeners, ${options.rate} changes per second, begun
${new Date(began).toISOString()}. Again: <code>npm run chaos -- --minutes ${options.minutes} --seed ${options.seed}${mutation}</code></p>
${mutation && '<p class="bad">The listeners ran with a deliberate mistake: this run must end with violations.</p>'}
<h2>Invariants</h2>
<table>${outcomes.map(outcomeRow).join('')}</table>
<h2>Figures</h2>
<table>${Object.entries(verdict.figures).map(figureRow).join('')}</table>
<h2>Timeline</h2>
<p>In minutes since the beginning. Each bar is a fault; point at it to see its target. In the charts below, a darker red
means more faults at once. Periods of faults alternate with quiet periods: their spikes are bursts, in which every event
must be prompt.</p>
<figure>${faultsChart(inOrder, axis)}</figure>
${chart('delivered / s', timeline.delivered, 110)}
${chart('oldest open event', timeline.oldestSeconds, 110, ' s')}
<h2>Requests per second, by receiver</h2>
${Object.entries(timeline.requests)
  .map(([name, values]) => chart(name, values, 50))
  .join('')}
<h2>Faults</h2>
<table>${inOrder.map(fault => faultRow(fault, began)).join('')}</table>
</html>
`
}

function outcomeRow({ id, name, count, examples }: Outcome): string {
  const verdict = count === 0 ? '<td class="ok">held' : `<td class="bad">${count} violations`
  return `<tr><td>${id}<td>${name}${verdict}<td>${examples.map(escapeHtml).join('<br>')}`
}

const figureRow = ([name, count]: [string, number]) =>
  `<tr><td>${name}<td class="n">${count.toLocaleString('en')}`

const faultRow = (fault: Fault, began: number) =>
  `<tr><td class="n">${clock((fault.from - began) / 1000)}<td>${escapeHtml(fault.kind)}<td>${escapeHtml(fault.target)}<td class="n">${lasted(fault)}`
