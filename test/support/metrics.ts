// What /metrics says, as numbers by series: `outbox_deliveries{state="pending"}` → 3.

export async function scrape({ healthPort }: { healthPort: number }): Promise<Map<string, number>> {
  const answer = await fetch(`http://127.0.0.1:${healthPort}/metrics`)
  return seriesOf(await answer.text())
}

export function seriesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(lines.map(line => [line.replace(/ \S+$/, ''), Number(/\S+$/.exec(line)![0])]))
}

/** The names of metrics, without the endings that a histogram's series have. */
export function namesIn(text: string): Set<string> {
  return new Set(Array.from(text.matchAll(/^# TYPE (\S+)/gm), ([, name]) => name!))
}
