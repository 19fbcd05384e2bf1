// Forms: each carries the session's token, works without script, and has a button that says what happens.
import { html } from 'hono/html'
import type { Child, Html } from './parts.ts'
import type { View } from './view.ts'

/** Empty for who may not change anything, and so are all buttons. */
export function actionButton(
  view: View,
  action: string,
  words: string,
  { key = '', kind = '', label = '', fields = {} as Readonly<Record<string, string>> } = {},
): Html | '' {
  if (!view.mayChange) return ''
  return html`<form method="post" action="${view.base}/${action}">${hidden(view, fields)}<button class="btn ${kind}" type="submit"${
    label ? html` aria-label="${label}"` : ''
  }${shortcut(key)}>${words}${keyHint(key)}</button></form>`
}

/** `opensSheet`: with script it is a dialog over the page. */
export function actionLink(
  view: View,
  path: string,
  words: string,
  { key = '', kind = '', label = '', opensSheet = false } = {},
): Html | '' {
  if (!view.mayChange) return ''
  return html`<a class="btn ${kind}" href="${view.base}/${path}"${opensSheet ? html` data-sheet` : ''}${label ? html` aria-label="${label}"` : ''}${shortcut(key)}>${words}${keyHint(key)}</a>`
}

const shortcut = (key: string) => (key ? html` aria-keyshortcuts="${key}"` : '')
const keyHint = (key: string) => (key ? html`<kbd aria-hidden="true">${key}</kbd>` : '')

export const hidden = (view: View, fields: Readonly<Record<string, string>> = {}): Html =>
  html`<input type="hidden" name="_token" value="${view.token}">${Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )}`

interface Field {
  readonly name: string
  readonly label: string
  readonly value?: string
  readonly type?: string
  readonly placeholder?: string
  readonly about?: Child
  readonly required?: boolean
  readonly list?: string
  /** What is wrong with it. */
  readonly error?: string | undefined
}

export function field({ name, label, value = '', type = 'text', ...more }: Field): Html {
  const { placeholder, about, required, list, error } = more
  const described = [about ? `${name}-about` : '', error ? `${name}-error` : ''].filter(Boolean).join(' ')
  return html`<div class="field"><label for="f-${name}">${label}</label><input id="f-${name}" type="${type}" name="${name}" value="${value}"${
    placeholder ? html` placeholder="${placeholder}"` : ''
  }${list ? html` list="${list}"` : ''}${required ? html` required` : ''} autocomplete="off" spellcheck="false"${
    described ? html` aria-describedby="${described}"` : ''
  }${error ? html` aria-invalid="true"` : ''}>${about ? html`<small id="${name}-about">${about}</small>` : ''}${
    error ? html`<small id="${name}-error" class="wrong">${error}</small>` : ''
  }</div>`
}

/** For what has more than one line. */
export function area({ name, label, value = '', placeholder, about, required, error }: Field): Html {
  const described = [about ? `${name}-about` : '', error ? `${name}-error` : ''].filter(Boolean).join(' ')
  return html`<div class="field"><label for="f-${name}">${label}</label><textarea id="f-${name}" name="${name}" rows="3" autocomplete="off" spellcheck="false"${
    placeholder ? html` placeholder="${placeholder}"` : ''
  }${required ? html` required` : ''}${described ? html` aria-describedby="${described}"` : ''}${error ? html` aria-invalid="true"` : ''}>
${value}</textarea>${about ? html`<small id="${name}-about">${about}</small>` : ''}${error ? html`<small id="${name}-error" class="wrong">${error}</small>` : ''}</div>`
}

export const choice = (
  name: string,
  label: string,
  value: string,
  options: readonly (readonly [value: string, words: string])[],
): Html =>
  html`<label class="field"><span>${label}</span><select name="${name}">${options.map(
    ([option, words]) =>
      html`<option value="${option}"${option === value ? html` selected` : ''}>${words}</option>`,
  )}</select></label>`
