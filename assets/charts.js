// Draws each figure[data-chart] from the table inside it: the numbers are in the page once, and readable without this file.
const minute = 60
const shortTime = seconds => new Date(seconds * 1000).toISOString().slice(11, 16)
const duration = s =>
  s < 1
    ? `${Math.round(s * 1000)} ms`
    : s < 60
      ? `${+s.toFixed(1)} s`
      : s < 3600
        ? `${Math.floor(s / 60)} min`
        : `${+(s / 3600).toFixed(1)} h`
const duration0 = s => (s === 0 ? '0' : duration(s))

/** A custom property as the browser resolves it now, light or dark. */
function colour(element, name) {
  const probe = element.appendChild(document.createElement('i'))
  probe.style.color = `var(${name})`
  const value = getComputedStyle(probe).color
  probe.remove()
  return value
}

function read(figure) {
  const rows = [...figure.querySelectorAll('tbody tr')].map(row =>
    [...row.cells].map((cell, i) =>
      i === 0
        ? Date.parse(cell.firstChild.dateTime) / 1000
        : cell.textContent === ''
          ? null
          : Number(cell.textContent.replaceAll(',', '')),
    ),
  )
  return rows[0].map((_, column) => rows.map(row => row[column]))
}

const bars = window.uPlot?.paths.bars({ size: [0.72, 14], align: 1 })
const highest = values => Math.max(4, ...values.map(v => v ?? 0))
const isNothing = values => values.every(v => !v)

/** What each chart shows: its series, its scales, its axes. */
const charts = {
  // Up what was delivered, down what failed, each on its own scale: ten failures among four hundred would be two pixels.
  attempts(data, c) {
    const [x, ok, failed] = data
    const [up, down] = [highest(ok) * 1.1, highest(failed) * 1.15]
    return {
      data: [x, ok, failed.map(v => -v)],
      scales: { up: { range: [-up * 0.5, up] }, down: { range: [-down, down * 2] } },
      series: [
        { scale: 'up', fill: c('--up'), paths: bars, points: { show: false } },
        { scale: 'down', fill: c('--down'), paths: bars, points: { show: false } },
      ],
      axes: [
        {
          scale: 'up',
          values: (_, at) => at.map(v => (v < 0 || (v > 0 && isNothing(ok)) ? '' : v)),
          space: 24,
        },
        {
          scale: 'down',
          side: 1,
          values: (_, at) => at.map(v => (v > 0 || isNothing(failed) ? '' : -v || '')),
          space: 16,
          grid: { show: false },
          size: 34,
        },
      ],
      said: [ok, failed],
      text: v => v,
    }
  },
  // The oldest wait: linear below a minute, logarithmic above.
  oldest(data, c) {
    const isLog = highest(data[1]) > minute
    const marks = isLog ? [0.1, 1, 10, 60, 600, 3600, 36000] : undefined
    return {
      data,
      scales: {
        y: isLog
          ? { distr: 3, range: [0.1, Math.max(3600, highest(data[1]) * 1.4)] }
          : { range: [0, Math.max(5, highest(data[1]) * 1.3)] },
      },
      series: [{ scale: 'y', stroke: c('--accent'), width: 2, points: { show: false }, fill: c('--wash') }],
      axes: [
        {
          scale: 'y',
          values: (_, at) => at.map(duration0),
          splits: marks && (() => marks),
          size: 52,
          filter: (_, at) => at,
          space: 30,
        },
      ],
      said: [data[1]],
      text: duration,
    }
  },
  // Them or us: how long they take (p50, p95), how long we let it wait, and below it, as ticks, what failed.
  answers([x, p50, p95, failed, wait], c) {
    const line = (stroke, width, dash) => ({
      scale: 'y',
      stroke,
      width,
      dash,
      points: { show: true, size: 4, fill: stroke },
    })
    return {
      data: [x, p50, p95, ...(wait ? [wait] : []), failed.map(v => -Math.sqrt(v))], // square roots, so that one failure is seen beside ten
      scales: {
        y: { distr: 3, range: [0.0004, 30] },
        f: { range: [-Math.sqrt(highest(failed)) * 1.05, Math.sqrt(highest(failed)) * 4] },
      },
      series: [
        line(c('--accent'), 2),
        line(c('--line2'), 2),
        ...(wait ? [line(c('--ink'), 1, [3, 3])] : []),
        { scale: 'f', fill: c('--dead'), paths: bars, points: { show: false } },
      ],
      axes: [
        {
          scale: 'y',
          values: (_, at) => at.map(duration),
          splits: () => [0.01, 0.1, 1, 10],
          size: 52,
          filter: (_, at) => at,
        },
      ],
      said: [p50, p95, ...(wait ? [wait] : []), failed],
      text: (v, i) => (i === (wait ? 3 : 2) ? v : duration(v)),
    }
  },
}

function draw(figure) {
  const box = figure.querySelector('.plot')
  const outputs = figure.querySelectorAll('.legend output')
  const c = name => colour(box, name)
  const { data, scales, series, axes, said, text } = charts[figure.dataset.chart](read(figure), c)
  const axis = {
    stroke: c('--dim'),
    font: `11px ${getComputedStyle(box).fontFamily}`,
    grid: { stroke: c('--line'), width: 1 },
    ticks: { show: false },
    gap: 4,
    size: 40,
  }
  const xAxis = { ...axis, values: (_, at) => at.map(shortTime), space: 70, size: 22, grid: { show: false } }
  const setCursor = u =>
    said.forEach((values, i) => {
      const at = u.cursor.idx
      outputs[i].textContent = at == null || values[at] == null ? '' : text(values[at], i)
      if (i === 0 && at != null) outputs[said.length].textContent = `${shortTime(u.data[0][at])} UTC`
    })
  box.replaceChildren()
  new uPlot(
    {
      width: box.clientWidth,
      height: box.clientHeight,
      padding: [6, 2, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 5 } },
      scales: { x: {}, ...scales },
      series: [{}, ...series],
      axes: [xAxis, ...axes.map(a => ({ ...axis, ...a }))],
      hooks: { setCursor: [setCursor] },
    },
    data,
    box,
  )
}

const drawAll = () => {
  for (const figure of document.querySelectorAll('figure[data-chart]')) draw(figure)
}
if (window.uPlot) {
  drawAll()
  addEventListener('themechange', drawAll)
  addEventListener('resize', drawAll)
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll)
}
