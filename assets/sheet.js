// Steps that ask something first open over the page that led there. Without this file each is a page of its own.
const sheet = document.createElement('dialog')
sheet.className = 'sheet'

document.addEventListener('click', event => {
  const link = event.target.closest('a')
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || link.closest('main .sheet')) return
  const isOpened = 'sheet' in link.dataset
  if (!isOpened && !link.closest('dialog .end')) return
  event.preventDefault()
  if (isOpened) showStep(link.href)
  else sheet.close()
})

sheet.addEventListener('submit', event => {
  event.preventDefault()
  const body = new URLSearchParams(new FormData(event.target))
  event.submitter.disabled = true // one click sends once
  showStep(event.target.action, { method: 'POST', body })
})

/** What was asked for may have been done all the same. */
function showSilence() {
  if ($('#silence')) return
  const note = document.createElement('p')
  note.id = 'silence'
  note.className = 'wrong'
  note.setAttribute('role', 'alert')
  note.textContent = 'No answer came. Whether it was done is not known: look before you ask again.'
  sheet.querySelector('.end').before(note)
}

/** The next step is shown in place of this one. Anything else is a page. */
async function showStep(url, init = {}) {
  const answer = await fetch(url, init).catch(() => null)
  if (answer === null) return init.body ? showSilence() : location.assign(url)
  if (answer.redirected) return location.assign(answer.url)
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  addIcons(page)
  const next = page.querySelector('main > .sheet')
  if (!next) return showAnswer(page)
  sheet.replaceChildren(...next.childNodes)
  if (!sheet.isConnected) document.body.append(sheet)
  if (!sheet.open) sheet.showModal()
  const title = sheet.querySelector('h1')
  sheet.setAttribute('aria-label', title.textContent)
  title.tabIndex = -1
  title.focus()
}

/** A page that is the answer to a form comes only once, and may hold a secret: it is shown, and not kept fresh. */
function showAnswer(page) {
  sheet.close()
  delete main.dataset.live
  follow()
  main.replaceChildren(...page.querySelector('main').childNodes)
  document.title = page.title
}
