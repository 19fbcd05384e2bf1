// Keeps the page fresh. It comes as a stream, a second after something has changed at the latest. In a list the rows that are
// shown are brought up to date and new ones wait for a click, so that nothing jumps under a finger.
const live = $('.live')
const main = $('main')
const againMs = 10_000
/** A stream ends from time to time and is asked for again: only when that takes longer something is wrong. */
const lostMs = 3_000
const chartsMs = 30_000
let isLive = localStorage.live !== 'off'
let stream = null
let lost = 0
/** What has come and is not shown yet. */
let waiting = null

function showLive() {
  live?.setAttribute('aria-pressed', isLive)
}
live?.addEventListener('click', () => {
  isLive = !isLive
  localStorage.live = isLive ? 'on' : 'off'
  showLive()
  follow()
  say(isLive ? 'Live' : 'Paused')
})
showLive()
if (live && !main.dataset.live) live.hidden = true

function found() {
  clearTimeout(lost)
  lost = 0
}

function follow() {
  found()
  stream?.close()
  stream = null
  if (!isLive || document.hidden || !main.dataset.live) return
  stream = new EventSource(location.href)
  stream.addEventListener('page', event => receive(event.data))
  stream.addEventListener('stopped', tellStopped)
  stream.addEventListener('open', found)
  stream.addEventListener('error', () => {
    if (stream.readyState === EventSource.CLOSED) {
      found()
      lost = setTimeout(ask, againMs)
    } else if (lost === 0) lost = setTimeout(tellStopped, lostMs)
  })
}

/** Where there is no stream: too many follow already, or it was refused. */
async function ask() {
  try {
    const answer = await fetch(location.href, { redirect: 'error' })
    if (!answer.ok) throw new Error(answer.status)
    receive(await answer.text())
  } catch {
    tellStopped()
  }
  follow()
}

function receive(text) {
  $('#stopped')?.remove()
  waiting = new DOMParser().parseFromString(text, 'text/html')
  showWaiting()
}

const isBusy = () =>
  String(getSelection()) !== '' ||
  $('main :active, dialog[open]') !== null ||
  document.activeElement.matches('input, select, textarea')

const idsIn = root => [...root.querySelectorAll('.list [data-id]')].map(row => row.dataset.id).join()

function showWaiting() {
  if (waiting === null || isBusy()) return
  const next = waiting.querySelector('main')
  const isPage = main.dataset.live === 'page'
  if (isPage && $('main tr:hover') && idsIn(main) !== idsIn(next)) return
  addIcons(waiting)
  $('.foot').replaceChildren(...waiting.querySelector('.foot').childNodes)
  waiting = null
  if (isPage) replaceMain(next)
  else offerRows(next)
}

function replaceMain(next) {
  morph(main, next)
  includeAll($$('[data-include]:not([data-shown])'))
  showZone()
}

/** Changes only what differs: focus, what is open and what was fetched stay. */
function morph(shown, next) {
  if (shown.nodeName !== next.nodeName) return shown.replaceWith(next)
  if (shown.nodeType !== Node.ELEMENT_NODE) {
    if (shown.data !== next.data) shown.data = next.data
    return
  }
  if (shown.dataset.include && (shown.dataset.asked ?? shown.dataset.include) === next.dataset.include) return
  for (const { name } of [...shown.attributes]) {
    if (name !== 'open' && !next.hasAttribute(name)) shown.removeAttribute(name)
  }
  for (const { name, value } of next.attributes) {
    if (name !== 'open' && shown.getAttribute(name) !== value) shown.setAttribute(name, value)
  }
  const children = [...next.childNodes]
  while (shown.childNodes.length > children.length) shown.lastChild.remove()
  for (const [i, child] of children.entries()) {
    if (i < shown.childNodes.length) morph(shown.childNodes[i], child)
    else shown.append(child)
  }
}

let fresh = null

function offerRows(next) {
  const shown = new Map($$('main .list [data-id]').map(row => [row.dataset.id, row]))
  const rows = [...next.querySelectorAll('.list [data-id]')]
  for (const row of rows) {
    const known = shown.get(row.dataset.id)
    if (known) morph(known, row.cloneNode(true))
  }
  showZone()
  const first = rows.findIndex(row => shown.has(row.dataset.id))
  const added = first === -1 ? rows.length : first
  fresh = next
  if (added === 0) return
  const [one, many] = main.dataset.what.split(' ')
  const words = `${added === rows.length ? `More than ${added - 1}` : added} new ${added === 1 ? one : many}`
  const bar = $('.newrows') ?? document.createElement('button')
  if (!bar.isConnected) {
    bar.type = 'button'
    bar.className = 'newrows'
    bar.addEventListener('click', () => replaceMain(fresh))
    const table = $('main .list')
    if (!table) return replaceMain(fresh)
    table.before(bar)
  }
  if (bar.textContent !== words) say(words)
  bar.textContent = words
}

function tellStopped() {
  if ($('#stopped')) return
  const note = document.createElement('div')
  note.id = 'stopped'
  note.className = 'note wait'
  note.textContent = `Live stopped at ${new Date().toISOString().slice(11, 19)} UTC. It is tried again.`
  main.prepend(note)
  say(note.textContent)
}

document.addEventListener('visibilitychange', follow)
if (main.dataset.live) {
  follow()
  setInterval(showWaiting, 1_000)
  setInterval(() => isLive && !document.hidden && includeAll(), chartsMs)
}
