// The text format of Prometheus. prom-client makes it too, but counts in memory, and Workers share none.
import type { GaugeMeaning, Sample } from '../../../drizzle/gauges.ts'

export const expositionType = 'text/plain; version=0.0.4; charset=utf-8'

/** Every sample belongs to one of these. */
export function exposition(
  meanings: Readonly<Record<string, GaugeMeaning>>,
  samples: readonly Sample[],
): string {
  const byName = Map.groupBy(samples, ({ name }) => name)
  return Object.entries(meanings)
    .map(([name, { help, isCounter }]) => {
      const lines = (byName.get(name) ?? []).map(writeSample)
      return `# HELP ${name} ${help}\n# TYPE ${name} ${isCounter ? 'counter' : 'gauge'}\n${lines.join('')}`
    })
    .join('\n')
}

function writeSample({ name, labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`)
  return `${name}${pairs.length > 0 ? `{${pairs.join()}}` : ''} ${value}\n`
}

const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
