// Numbers, times and addresses as people read them.

/** 1,204 */
export const count = (n: number | bigint): string => n.toString().replace(/\B(?=(\d{3})+$)/g, ',')

/** `1 delivery`, `2 deliveries`. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`
}

/** 12 %, 0.18 % */
export const percent = (part: number, whole: number): string =>
  `${((part / whole) * 100).toFixed(part / whole < 0.01 ? 2 : 0)} %`

//      0.4    →  0.4 s
//     88 ms   →  88 ms
//     41 min  →  41 min
//  2 h 5 min  →  2 h 5 min
export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 10) return `${+seconds.toFixed(1)} s`
  if (seconds < 60) return `${Math.round(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 10) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  if (hours < 48) return `${hours} h`
  return `${Math.floor(hours / 24)} days`
}

/** 03:12:04.118 or, without milliseconds, 03:12:04: UTC. */
export const clock = (time: Date, { milliseconds = false } = {}): string =>
  time.toISOString().slice(11, milliseconds ? 23 : 19)

/** 2026-11-24 03:12:04 UTC */
export const exactly = (time: Date): string => `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`

/** The clock time within the last 20 hours, the date with it before and after. */
export function moment(time: Date, now: Date): string {
  const isNear = Math.abs(now.getTime() - time.getTime()) < 20 * 3_600_000
  return isNear ? clock(time) : time.toISOString().slice(0, 16).replace('T', ' ')
}

/** `4 min ago`, `in 10 min`. */
export function relative(time: Date, now: Date): string {
  const seconds = (time.getTime() - now.getTime()) / 1000
  if (Math.abs(seconds) < 1) return 'now'
  return seconds > 0 ? `in ${duration(seconds)}` : `${duration(-seconds)} ago`
}

/** An endpoint's name in lists: its URL without scheme and query, which may hold a token. */
export const shortUrl = (url: string): string =>
  visible(url)
    .replace(/^https?:\/\//, '')
    .replace(/\?.*/s, '?…')
    .replace(/\/$/, '')

/** `evt_…1e8c41`: without the zeros and the random half. A delivery keeps both of its numbers. */
export function shortId(id: string): string {
  const delivery = /^dlv_([0-9a-f]{16})([0-9a-f]{16})$/.exec(id)
  if (delivery) return `dlv_…${bare(delivery[1]!)}…${bare(delivery[2]!)}`
  const other = /^([a-z]+)_([0-9a-f]{16})[0-9a-f]{8}$/.exec(id)
  return other ? `${other[1]}_…${bare(other[2]!)}` : id
}

const bare = (hex: string) => hex.replace(/^0+(?=.)/, '')

/**
 * Controls but for tab and line feed, what turns the direction of writing, and what is not to be seen at all: it could make a
 * text look like another, or hide one. The two that say whether a sign is drawn as text or as an emoji stay.
 */
const unseen =
  /(?![\t\n])\p{Cc}|(?![\ufe0e\ufe0f])\p{Default_Ignorable_Code_Point}|[\u2028\u2029\ufff9-\ufffb]/gu

/** What others wrote, with everything in it that is not to be seen made visible: `\u27e8U+202E\u27e9`. */
export const visible = (text: string): string =>
  text.replace(
    unseen,
    sign => `\u27e8U+${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}\u27e9`,
  )
