// Waits that are spread at random, so that what failed together does not come back together; and how they are printed.

/** A number in [0, 1). */
export type Random = () => number

/** A wait is up to a fifth shorter or longer than planned. */
export const jitter = 0.2

/** Between 80 and 120 % of the seconds. */
export function jittered(seconds: number, random: Random): number {
  return seconds * (1 - jitter + 2 * jitter * random())
}

/** A planned wait and its bounds in words: '5 min', '4 min', '6 min'. */
export function describeWait(seconds: number) {
  return {
    wait: duration(seconds),
    shortest: duration(seconds * (1 - jitter)),
    longest: duration(seconds * (1 + jitter)),
  }
}

/** '1 h 36 min', '0.5 s'. */
export function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  const parts = [
    [Math.floor(minutes / 60), 'h'],
    [minutes % 60, 'min'],
    [Math.round((seconds % 60) * 1000) / 1000, 's'],
  ] as const
  const shown = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`)
  return shown.join(' ') || '0 s'
}
