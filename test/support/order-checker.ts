// Checks the webhooks of an ordered endpoint: for each key, the first successes must come in the order of versions.
export interface Seen {
  key: string
  version: number
}

/** Returns a sentence for each key whose first successes did not come as 1, 2, … `versions`. */
export function findDisorder(
  successes: readonly Seen[],
  keys: readonly string[],
  versions: number,
): string[] {
  const firsts = new Map<string, number[]>(keys.map(key => [key, []]))
  for (const { key, version } of successes) {
    const seen = firsts.get(key)
    if (seen && !seen.includes(version)) seen.push(version)
  }
  return [...firsts].flatMap(([key, seen]) => {
    const at = Array.from({ length: versions }, (_, i) => i).find(i => seen[i] !== i + 1)
    return at === undefined ? [] : [`${key}: expected version ${at + 1}, saw ${seen[at] ?? 'nothing'}`]
  })
}
