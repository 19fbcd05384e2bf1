// The HTML page, with a chart for each metric of each scenario. It is self-contained, so it works without a network.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Goal } from '../goals.ts'
import { type Figure, median, type Results } from '../results.ts'
import { table } from './table.ts'

/** A dependency of bench/, installed by now. */
const library = () =>
  readFileSync(join(import.meta.dirname, '../node_modules/chart.js/dist/chart.umd.min.js'), 'utf8')

export function page(header: Record<string, string>, results: Results, goals: readonly Goal[]): string {
  const charts = Object.values(Object.groupBy(results.figures, f => `${f.scenario}: ${f.metric}`)).map(
    figures => chart(figures!),
  )
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Outbox: speed</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222; }
  section { height: 20rem; margin: 2.5rem 0; }
  pre { overflow-x: auto; background: #f6f6f6; padding: 1rem; }
</style>
<h1>Outbox: speed</h1>
<dl>${Object.entries(header)
    .map(([name, text]) => `<dt><b>${escaped(name)}</b> ${escaped(text)}</dt>`)
    .join('')}</dl>
${charts.map((_, i) => `<section><canvas id="c${i}"></canvas></section>`).join('\n')}
<pre>${escaped(table(results, goals))}</pre>
<script>${inScript(library())}</script>
<script>
for (const [i, config] of ${inScript(JSON.stringify(charts))}.entries()) new Chart('c' + i, config)
</script>
</html>
`
}

/** Scenarios whose variants are points of one scale. */
const curves = new Set(['sweep'])

/** Bars: a group for each variant, a colour for each subject. A curve has a line for each subject. */
function chart(figures: readonly Figure[]) {
  const { scenario, metric, unit } = figures[0]!
  const variants = [...new Set(figures.map(f => f.variant))]
  const subjects = [...new Set(figures.map(f => f.subject))]
  const value = (variant: string, subject: string) => {
    const found = figures.find(f => f.variant === variant && f.subject === subject)
    return found ? median(found.values) : null
  }
  const isCurve = curves.has(scenario)
  return {
    type: isCurve ? 'line' : 'bar',
    data: {
      labels: variants,
      datasets: subjects.map((subject, i) => ({
        label: subject,
        data: variants.map(variant => value(variant, subject)),
        backgroundColor: colours[i % colours.length],
        borderColor: colours[i % colours.length],
      })),
    },
    options: {
      maintainAspectRatio: false,
      animation: false,
      scales: { y: isCurve ? { type: 'logarithmic' } : { beginAtZero: true } },
      plugins: { title: { display: true, text: `${scenario}: ${metric}, ${unit}`, font: { size: 16 } } },
    },
  }
}

const colours = ['#0b6e4f', '#d1495b', '#edae49', '#00798c', '#8d6a9f', '#777777']

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
/** Text inside a script must not contain its end tag. */
const inScript = (text: string) => text.replaceAll('</script', '<\\/script')
