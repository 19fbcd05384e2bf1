/**
 * In seconds, interpolated between the bounds that it lies between, as Prometheus does. Above the last bound nothing more is
 * known, so that is the answer. null = nothing was measured.
 */
export function percentile(
  counts: readonly number[],
  boundsMs: readonly number[],
  share: number,
): number | null {
  const total = counts.reduce((sum, n) => sum + n, 0)
  if (total === 0) return null
  const wanted = share * total
  let passed = 0
  for (const [i, upTo] of boundsMs.entries()) {
    const n = counts[i]!
    if (n > 0 && passed + n >= wanted) {
      const from = boundsMs[i - 1] ?? 0
      return (from + ((upTo - from) * (wanted - passed)) / n) / 1000
    }
    passed += n
  }
  return boundsMs.at(-1)! / 1000
}
