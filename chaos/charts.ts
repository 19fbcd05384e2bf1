// The charts of the report, as SVG. They share one axis of time, so that causes and effects stand below each other.
import type { Fault } from './records.ts'

/** In SVG units; the page scales them. The names stand on the left. */
const left = 150
const width = 1100
const rowHeight = 15
const plotWidth = width - left
/** At most this many intervals between ticks. */
const maxIntervals = 10
const tickSeconds = [5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600]

export interface Axis {
  began: number
  seconds: number
}

const xOf = (second: number, { seconds }: Axis) => left + (second / seconds) * plotWidth
const secondOf = (at: number, { began }: Axis) => (at - began) / 1000

/** A row for each kind of fault, a bar for each fault. */
export function faultsChart(faults: Fault[], axis: Axis): string {
  const kinds = [...new Set(faults.map(({ kind }) => kind))].sort()
  const rows = kinds.map((kind, row) => {
    const y = row * rowHeight
    const bars = faults.filter(fault => fault.kind === kind).map(fault => bar(fault, y, axis))
    return `<text x="${left - 8}" y="${y + 11}" text-anchor="end">${escapeHtml(kind)}</text>${bars.join('')}`
  })
  return picture('Faults, by kind', kinds.length * rowHeight, axis, rows.join(''))
}

/** `bands`: the faults, as shading. A null leaves a gap in the line. */
export function lineChart(
  name: string,
  values: (number | null)[],
  { height, bands, axis, unit = '' }: { height: number; bands: Fault[]; axis: Axis; unit?: string },
): string {
  const max = Math.max(1, ...values.map(value => value ?? 0))
  const shades = bands.map(({ from, until }) => {
    const x = xOf(secondOf(from, axis), axis)
    const w = Math.max(1, xOf(secondOf(until, axis), axis) - x)
    return `<rect class="shade" x="${x.toFixed(1)}" y="0" width="${w.toFixed(1)}" height="${height}"/>`
  })
  const scale = `<text x="${left - 8}" y="11" text-anchor="end">${Math.round(max)}${unit}</text>
<text x="${left - 8}" y="${height - 2}" text-anchor="end">0</text>
<text class="name" x="0" y="${height / 2 + 4}">${escapeHtml(name)}</text>`
  const line = `<path d="${pathOf(values, max, height)}"/>`
  return picture(name, height, axis, `${shades.join('')}${scale}${line}`)
}

/** Minutes and seconds since the beginning. */
export const clock = (second: number) =>
  `${Math.floor(second / 60)}:${String(Math.floor(second % 60)).padStart(2, '0')}`

export const escapeHtml = (text: string) =>
  text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`)

function picture(name: string, height: number, axis: Axis, content: string): string {
  const step = tickSeconds.find(seconds => axis.seconds / seconds <= maxIntervals) ?? tickSeconds.at(-1)!
  const marks = Array.from({ length: Math.floor(axis.seconds / step) + 1 }, (_, n) => n * step)
  const grid = marks.map(second => {
    const x = xOf(second, axis).toFixed(1)
    return `<line x1="${x}" y1="0" x2="${x}" y2="${height}"/><text x="${x}" y="${height + 13}" text-anchor="middle">${clock(second)}</text>`
  })
  return `<svg viewBox="0 0 ${width + 20} ${height + 18}" role="img" aria-label="${escapeHtml(name)}">
<rect class="plot" x="${left}" y="0" width="${plotWidth}" height="${height}"/>${grid.join('')}${content}</svg>`
}

function bar(fault: Fault, y: number, axis: Axis): string {
  const x = xOf(secondOf(fault.from, axis), axis)
  const w = Math.max(2.5, xOf(secondOf(fault.until, axis), axis) - x)
  const title = `${clock(secondOf(fault.from, axis))} ${fault.kind}: ${fault.target}, ${lasted(fault)}`
  return `<rect class="fault" x="${x.toFixed(1)}" y="${y + 2}" width="${w.toFixed(1)}" height="${rowHeight - 4}"><title>${escapeHtml(title)}</title></rect>`
}

export const lasted = ({ from, until }: Fault) =>
  until - from < 50 ? 'at once' : `${((until - from) / 1000).toFixed(1)} s`

function pathOf(values: (number | null)[], max: number, height: number): string {
  let pen = 'M'
  return values
    .map((value, i) => {
      if (value === null) {
        pen = 'M'
        return ''
      }
      const x = left + (i / Math.max(1, values.length - 1)) * plotWidth
      const point = `${pen}${x.toFixed(1)} ${(height * (1 - value / max)).toFixed(1)}`
      pen = 'L'
      return point
    })
    .join('')
}
