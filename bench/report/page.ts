// The HTML page: a chart for each metric of each scenario. Everything is inside, so it works without a network.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Goal } from '../goals.ts'
import { type Figure, median, type Results } from '../results.ts'
import { table } from './table.ts'

/** Installed by now; it is bench's own dependency. */
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

/** Bars: a group for each variant, a colour for each contestant. */
function chart(figures: readonly Figure[]) {
  const { scenario, metric, unit } = figures[0]!
  const variants = [...new Set(figures.map(f => f.variant))]
  const contestants = [...new Set(figures.map(f => f.contestant))]
  const value = (variant: string, contestant: string) => {
    const found = figures.find(f => f.variant === variant && f.contestant === contestant)
    return found ? median(found.values) : null
  }
  return {
    type: 'bar',
    data: {
      labels: variants,
      datasets: contestants.map((contestant, i) => ({
        label: contestant,
        data: variants.map(variant => value(variant, contestant)),
        backgroundColor: colours[i % colours.length],
      })),
    },
    options: {
      maintainAspectRatio: false,
      animation: false,
      plugins: { title: { display: true, text: `${scenario}: ${metric}, ${unit}`, font: { size: 16 } } },
    },
  }
}

const colours = ['#0b6e4f', '#d1495b', '#edae49', '#00798c', '#8d6a9f', '#777777']

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
/** Nothing inside a script may look like its end. */
const inScript = (text: string) => text.replaceAll('</script', '<\\/script')
