// Keys, theme, time zone, copying, charts. Everything works without this file too; with it, it is faster.
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
  if (button) copy(button.dataset.copy || location.href) // empty: the link of the page
})
function copy(text) {
  navigator.clipboard?.writeText(text)
  say('Copied')
}

/** A page has only those that it uses. */
function addIcons(page) {
  for (const symbol of page.querySelectorAll('.sprite symbol')) {
    if (!document.getElementById(symbol.id)) $('.sprite').append(symbol)
  }
}

// Parts that a page fetches after itself. Links inside of them stay there.
async function include(place, path = place.dataset.include) {
  const answer = await fetch(path, { redirect: 'error' }).catch(() => null)
  if (!answer?.ok) return
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const found = page.getElementById(place.dataset.from)
  if (!found) return
  addIcons(page)
  const open = [...place.querySelectorAll('details')].map(details => details.open)
  place.replaceChildren(...found.childNodes)
  for (const [i, details] of place.querySelectorAll('details').entries()) details.open = open[i] ?? false
  place.dataset.asked ??= place.dataset.include
  place.dataset.include = path
  place.dataset.shown = ''
  dispatchEvent(new Event('themechange')) // draws the charts
}
function includeAll(places = $$('[data-include]')) {
  for (const place of places) include(place)
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
  '.': () => $('.live')?.click(),
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
