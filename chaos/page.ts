// The report as one page that needs nothing else: three charts over one axis of time, with the faults as marks.
import type { Fault } from './records.ts'
import type { Report } from './report.ts'
import type { Timeline } from './timeline.ts'

interface Outcome {
  id: string
  name: string
  count: number
  examples: string[]
}

const size = { width: 1100, height: 160 }
const colours = ['#2563eb', '#d97706', '#059669', '#dc2626', '#7c3aed', '#0891b2', '#4b5563']

export function renderPage(report: Report, outcomes: Outcome[], faults: Fault[], timeline: Timeline): string {
  const { options, verdict, began } = report
  const failed = outcomes.filter(outcome => outcome.count > 0).length
  const marks = faults.map(fault => mark(fault, began, timeline.seconds)).join('')
  const chart = (title: string, lines: Record<string, (number | null)[]>) => drawChart(title, lines, marks)
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Outbox: fault lab, seed ${options.seed}</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 1140px; margin: 2rem auto; padding: 0 1rem; color: #1f2937 }
  table { border-collapse: collapse } td, th { padding: .2rem 1rem .2rem 0; text-align: left; vertical-align: top }
  svg { width: 100%; background: #f9fafb } .ok { color: #047857 } .bad { color: #b91c1c; font-weight: 600 }
  .mark { fill: #dc2626; opacity: .12 } .mark:hover { opacity: .5 } figure { margin: 1.5rem 0 } td.n { text-align: right }
</style>
<h1>${failed === 0 ? `${faults.length} faults survived, nothing lost` : `<span class="bad">${failed} invariants violated</span>`}</h1>
<p>${options.minutes} minutes of faults, seed ${options.seed}, ${options.replicas} replicas, ${options.rate} changes per second,
begun ${new Date(began).toISOString()}. Again: <code>npm run chaos -- --minutes ${options.minutes} --seed ${options.seed}</code></p>
<h2>Invariants</h2>
<table>${outcomes.map(outcomeRow).join('')}</table>
<h2>Timeline</h2>
<p>Red bands are faults; point at one to see which. The spikes between storms are the bursts of a hush, in which every
event must come at once.</p>
${chart('Deliveries per second', { delivered: timeline.delivered })}
${chart('Age of the oldest open event, in seconds', { oldest: timeline.oldestSeconds })}
${chart('Requests per second and receiver', timeline.requests)}
<h2>Figures</h2>
<table>${Object.entries(verdict.figures).map(figureRow).join('')}</table>
<h2>Faults</h2>
<table>${faults.map(fault => faultRow(fault, began)).join('')}</table>
</html>
`
}

function drawChart(title: string, lines: Record<string, (number | null)[]>, marks: string): string {
  const most = Math.max(
    1,
    ...Object.values(lines).map(values => values.reduce<number>((a, b) => Math.max(a, b ?? 0), 0)),
  )
  const drawn = Object.entries(lines).map(
    ([, values], i) =>
      `<path d="${pathOf(values, most)}" fill="none" stroke="${colours[i % colours.length]}" stroke-width="1.2"/>`,
  )
  const names = Object.keys(lines)
  const legend = names.map(
    (name, i) => `<span style="color:${colours[i % colours.length]}">${plain(name)}</span>`,
  )
  return `<figure><figcaption>${title} (highest ${Math.round(most)}) ${names.length > 1 ? legend.join(' · ') : ''}</figcaption>
<svg viewBox="0 0 ${size.width} ${size.height}" preserveAspectRatio="none" role="img" aria-label="${title}">${marks}${drawn.join('')}</svg></figure>`
}

/** A gap where there was nothing to measure. */
function pathOf(values: (number | null)[], most: number): string {
  let pen = 'M'
  return values
    .map((value, i) => {
      if (value === null) {
        pen = 'M'
        return ''
      }
      const x = (i / Math.max(1, values.length - 1)) * size.width
      const point = `${pen}${x.toFixed(1)} ${(size.height * (1 - value / most)).toFixed(1)}`
      pen = 'L'
      return point
    })
    .join('')
}

function mark(fault: Fault, began: number, seconds: number): string {
  const x = ((fault.from - began) / 1000 / seconds) * size.width
  const width = Math.max(1.5, ((fault.until - fault.from) / 1000 / seconds) * size.width)
  const title = `<title>${plain(fault.kind)}: ${plain(fault.target)}</title>`
  return `<rect class="mark" x="${x.toFixed(1)}" y="0" width="${width.toFixed(1)}" height="${size.height}">${title}</rect>`
}

function outcomeRow({ id, name, count, examples }: Outcome): string {
  const verdict = count === 0 ? '<td class="ok">held' : `<td class="bad">${count} violations`
  return `<tr><td>${id}<td>${name}${verdict}<td>${examples.map(plain).join('<br>')}`
}

const figureRow = ([name, count]: [string, number]) =>
  `<tr><td>${name}<td class="n">${count.toLocaleString('en')}`

function faultRow({ kind, target, from, until }: Fault, began: number): string {
  const second = ((from - began) / 1000).toFixed(1)
  return `<tr><td class="n">${second} s<td>${plain(kind)}<td>${plain(target)}<td>${((until - from) / 1000).toFixed(1)} s`
}

const plain = (text: string) => text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`)
