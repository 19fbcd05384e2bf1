// Files that import each other in a circle, types included: none of them can be understood, or moved, before the others.
import { importsOf, resolveImport, type Source } from './imports.ts'

/** The shortest circle through each file that is in one, `a.ts → b.ts → a.ts`; each circle once. */
export function findImportCircles(sources: readonly Source[]): string[] {
  const imports = new Map(
    sources.map(({ file, text }) => [file, importsOf(text).map(target => resolveImport(file, target))]),
  )
  const circles = [...imports.keys()].flatMap(file => shortestCircle(file, imports) ?? [])
  return [...new Set(circles)]
}

type Imports = ReadonlyMap<string, readonly (string | null)[]>

function shortestCircle(start: string, imports: Imports): string | null {
  const seen = new Set<string>()
  let ways = [[start]]
  while (ways.length > 0) {
    const longer: string[][] = []
    for (const way of ways) {
      for (const next of imports.get(way.at(-1)!) ?? []) {
        if (next === start) return format(way)
        if (next === null || seen.has(next)) continue
        seen.add(next)
        longer.push([...way, next])
      }
    }
    ways = longer
  }
  return null
}

/** Begins with the first file by name, so that the same circle reads the same from wherever it was found. */
function format(circle: readonly string[]): string {
  const first = circle.indexOf(circle.toSorted()[0]!)
  const turned = [...circle.slice(first), ...circle.slice(0, first)]
  return [...turned, turned[0]].join(' → ')
}
