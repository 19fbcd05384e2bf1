// Keys, theme, time zone, copying, keeping the page fresh. Everything works without this file too; with it, it is faster.
const $ = selector => document.querySelector(selector)
const $$ = selector => [...document.querySelectorAll(selector)]
const say = text => {
  $('#said').textContent = text
}
for (const button of $$('.tool[hidden]')) button.hidden = false

// Theme: what the system says, light, dark. Kept on this machine.
const themes = ['system', 'light', 'dark']
function showTheme(theme) {
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
  $('#theme')?.setAttribute('aria-label', `Theme: ${theme}`)
  dispatchEvent(new Event('themechange'))
}
function nextTheme() {
  const theme = themes[(themes.indexOf(localStorage.theme ?? 'system') + 1) % themes.length]
  localStorage.theme = theme
  showTheme(theme)
  say(`Theme: ${theme}`)
}
showTheme(localStorage.theme ?? 'system')
$('#theme')?.addEventListener('click', nextTheme)

// UTC or local: only times of the clock change, the exact one stays in the title.
const two = n => String(n).padStart(2, '0')
function showZone() {
  const isLocal = localStorage.zone === 'local'
  const zone = $('#zone')
  if (zone) zone.firstChild.textContent = isLocal ? 'Local' : 'UTC'
  for (const element of $$('main time')) {
    element.dataset.utc ??= element.textContent
    const utc = element.dataset.utc
    const [, date, seconds, rest = ''] = /^(\d{4}-.{6})?\d\d:\d\d(:\d\d)?(\.\d+)?$/.exec(utc) ?? []
    const time = new Date(element.dateTime)
    const clock = `${two(time.getHours())}:${two(time.getMinutes())}${seconds ? `:${two(time.getSeconds())}` : ''}`
    const day = date ? `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ` : ''
    const isClock = seconds !== undefined || date !== undefined
    element.textContent = isLocal && isClock ? day + clock + rest : utc
  }
}
function nextZone() {
  localStorage.zone = localStorage.zone === 'local' ? 'utc' : 'local'
  showZone()
  say(localStorage.zone === 'local' ? 'Times are local' : 'Times are in UTC')
}
$('#zone')?.addEventListener('click', nextZone)
showZone()

// Copying
document.addEventListener('click', event => {
  const button = event.target.closest('[data-copy]')
  if (button) copy(button.dataset.copy)
})
function copy(text) {
  navigator.clipboard?.writeText(text)
  say('Copied')
}

// Live. A page is read anew and replaced; in a list the rows that are shown are brought up to date, and new ones wait for a
// click, so that nothing jumps under a finger.
const everyMs = 10_000
const live = $('.live')
const main = $('main')
let isLive = localStorage.live !== 'off'
let fresh = null
function showLive() {
  live?.setAttribute('aria-pressed', isLive)
}
function toggleLive() {
  isLive = !isLive
  localStorage.live = isLive ? 'on' : 'off'
  showLive()
  say(isLive ? 'Live' : 'Paused')
}
live?.addEventListener('click', toggleLive)
showLive()
if (live && !main.dataset.live) live.hidden = true

const isBusy = () =>
  document.hidden ||
  String(getSelection()) !== '' ||
  document.activeElement.matches('input, select, textarea')

async function refresh() {
  if (!isLive || isBusy()) return
  try {
    const answer = await fetch(location.href, { redirect: 'error' })
    if (!answer.ok) throw new Error(answer.status)
    const next = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('main')
    $('#stopped')?.remove()
    if (main.dataset.live === 'rows') offerRows(next)
    else replaceMain(next)
  } catch {
    tellStopped()
  }
}

function replaceMain(next) {
  const open = $$('main details[open] > summary').map(summary => summary.textContent)
  const focused = document.activeElement.getAttribute?.('href')
  // What was fetched stays until it is fetched anew, so that nothing flickers.
  for (const place of next.querySelectorAll('[data-include]')) {
    const shown = $(`[data-from="${place.dataset.from}"]`)
    if (shown) place.replaceWith(shown)
  }
  main.replaceChildren(...next.childNodes)
  includeAll()
  for (const details of $$('main details')) {
    if (open.includes(details.firstElementChild.textContent)) details.open = true
  }
  if (focused) $(`main a[href="${CSS.escape(focused)}"]`)?.focus()
  showZone()
  dispatchEvent(new Event('themechange')) // draws the charts
}

function offerRows(next) {
  const shown = new Map($$('main .list [data-id]').map(row => [row.dataset.id, row]))
  const rows = [...next.querySelectorAll('.list [data-id]')]
  for (const row of rows) shown.get(row.dataset.id)?.replaceChildren(...row.cloneNode(true).childNodes)
  showZone()
  const first = rows.findIndex(row => shown.has(row.dataset.id))
  const added = first === -1 ? rows.length : first
  fresh = next
  if (added === 0) return
  const what = main.dataset.what
  const words = `${added === rows.length ? `More than ${added - 1}` : added} new ${what}`
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
  note.textContent = `Live stopped at ${new Date().toISOString().slice(11, 19)} UTC. Trying again every ${everyMs / 1000} s.`
  main.prepend(note)
  say(note.textContent)
}
if (main.dataset.live) setInterval(refresh, everyMs)

// Parts that a page fetches after itself. Links inside of them stay there.
async function include(place, path = place.dataset.include) {
  const answer = await fetch(path, { redirect: 'error' }).catch(() => null)
  if (!answer?.ok) return
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const found = page.getElementById(place.dataset.from)
  if (!found) return
  place.replaceChildren(...found.childNodes)
  place.dataset.include = path
  dispatchEvent(new Event('themechange')) // draws the charts
}
const includeAll = () => {
  for (const place of $$('[data-include]')) include(place)
}
document.addEventListener('click', event => {
  const link = event.target.closest('[data-include] .seg a')
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  include(link.closest('[data-include]'), link.getAttribute('href'))
})
includeAll()

// Keys: single letters only, never in a field, never with Ctrl, Alt or Meta, and not at all when they are switched off.
function step(by) {
  const all = $$('.list .main a')
  const at = all.indexOf(document.activeElement)
  all[Math.min(Math.max(at + by, 0), all.length - 1)]?.focus()
}
const copyId = () =>
  copy(
    document.activeElement.closest('tr')?.dataset.id ?? $('main [data-copy]')?.dataset.copy ?? location.href,
  )
const keys = {
  '/': () => $('.find input')?.focus(),
  '?': () => $('#keys')?.togglePopover(),
  '.': toggleLive,
  j: () => step(1),
  k: () => step(-1),
  t: nextTheme,
  u: nextZone,
  y: copyId,
}
let prefix = ''
document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.altKey || event.metaKey || localStorage.keys === 'off') return
  if (event.target.matches('input, select, textarea')) return
  const pressed = prefix + event.key
  prefix = event.key === 'g' ? 'g ' : ''
  const wanted = $(`[aria-keyshortcuts="${CSS.escape(pressed)}"]`)
  if (!wanted && !keys[pressed]) return
  event.preventDefault()
  if (wanted) wanted.click()
  else keys[pressed]()
})
const switchBox = $('#keys input')
if (switchBox) switchBox.checked = localStorage.keys !== 'off'
switchBox?.addEventListener('change', () => {
  localStorage.keys = switchBox.checked ? 'on' : 'off'
})
