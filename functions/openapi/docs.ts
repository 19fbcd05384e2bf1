// GET /docs: the API's description as a page, without scripts and without anything from elsewhere. Packages that draw such
// pages were considered: each brings more than a megabyte of script that needs `unsafe-inline`, and one an install script
// that reports to its maker.
import { html, raw } from 'hono/html'
import { encodeBase64 } from '../../delivery/base64.ts'
import { docsStyle } from './docs-style.ts'

/** What we use of OpenAPI 3.1. */
export interface Description {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string }
  readonly paths: Readonly<Record<string, Partial<Record<string, Operation>>>>
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> }
}

export interface Operation {
  readonly summary?: string
  readonly security?: readonly unknown[]
  parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>
}

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly description?: string
  readonly schema: Schema
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>

export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly format?: string
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly example?: unknown
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly allOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly pattern?: string
}

type Html = ReturnType<typeof html>

/** `base` stands before every path, and is empty at the root. */
export async function renderDocs(description: Description, base: string): Promise<Response> {
  const page = await html`${raw('<!doctype html>')}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${description.info.title} API</title>
<style>${raw(docsStyle)}</style>
</head>
<body>${body(description, base)}</body>
</html>`
  const style = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(docsStyle))
  return new Response(String(page), {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        `default-src 'none'; style-src 'sha256-${encodeBase64(new Uint8Array(style))}'; ` +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    },
  })
}

function body({ info, paths, components }: Description, base: string): Html {
  const groups = Map.groupBy(operationsOf(paths), ({ path }) => groupOf(path))
  const schemas = Object.entries(components?.schemas ?? {})
  return html`
<nav>
  <h1>${info.title} <small>${info.version}</small></h1>
  ${[...groups].map(
    ([group, operations]) => html`<h2>${group}</h2>
  <ul>${operations.map(o => html`<li><a href="#${o.id}"><b class="${o.method}">${o.method}</b> ${o.path}</a></li>`)}</ul>`,
  )}
  <h2>objects</h2>
  <ul>${schemas.map(([name]) => html`<li><a href="#${name}">${name}</a></li>`)}</ul>
</nav>
<main>
  <p>${info.description} The same for programs: <a href="openapi.json">openapi.json</a>.</p>
  ${[...groups.values()].flat().map(operation => operationSection(operation, base))}
  ${schemas.map(([name, schema]) => html`<section id="${name}"><h3>${name}</h3>${fields(schema)}</section>`)}
</main>`
}

interface Listed {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

function operationsOf(paths: Description['paths']): Listed[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) =>
      operation ? { id: `${method}${path.replaceAll(/\W+/g, '-')}`, method, path, operation } : [],
    ),
  )
}

const groupOf = (path: string) => path.split('/').find(part => part !== '' && part !== 'v1') ?? ''

function operationSection({ id, method, path, operation }: Listed, base: string): Html {
  const isOpen = operation.security?.length === 0
  return html`<section id="${id}">
  <h3><b class="${method}">${method}</b> <code>${base}${path}</code></h3>
  <p>${operation.summary ?? ''}${isOpen ? ' · needs no key' : ''}</p>
  ${operation.parameters?.length ? table(operation.parameters.map(parameterRow)) : ''}
  ${bodyOf('Body', operation.requestBody?.content)}
  ${Object.entries(operation.responses).map(([status, { description, content }]) =>
    status === 'default' ? '' : bodyOf(`${status}: ${description}`, content),
  )}
</section>`
}

const parameterRow = ({ name, in: place, required, description, schema }: Parameter) =>
  row(name, [place, required ? '' : 'optional'], {
    ...schema,
    description: description ?? schema.description ?? '',
  })

function bodyOf(title: string, content: Content | undefined): Html | string {
  const schema = Object.values(content ?? {})[0]?.schema
  return schema ? html`<h4>${title}</h4>${fields(schema)}` : ''
}

/** An object as a table of its members; anything else as a line that names its type. */
function fields(schema: Schema): Html {
  const parts = [schema, ...(schema.allOf ?? [])]
  const rows = parts.flatMap(({ properties = {}, required = [] }) =>
    Object.entries(properties).map(([name, member]) =>
      row(name, [required.includes(name) ? '' : 'optional'], member),
    ),
  )
  const others = parts.filter(part => part.$ref)
  if (rows.length === 0) return html`<p>${typeOf(schema)}</p>`
  return html`${others.map(other => html`<p>All of ${typeOf(other)} and:</p>`)}${table(rows)}`
}

const table = (rows: Html[]) => html`<table>${rows}</table>`

function row(name: string, remarks: string[], schema: Schema): Html {
  const notes = [schema.description, ...bounds(schema)].filter(Boolean).join(' ')
  return html`<tr><th><code>${name}</code> <small>${remarks.join(' ')}</small></th>
  <td><span>${typeOf(schema)}</span> ${notes}${memberTable(schema)}</td></tr>`
}

/** Of an object without a name of its own, or a list of such. */
function memberTable(schema: Schema): Html | string {
  const inner = schema.items ?? schema
  return inner.properties || inner.allOf ? fields(inner) : ''
}

function typeOf(schema: Schema): Html | string {
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1)!
    return html`<a href="#${name}">${name}</a>`
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map(value => JSON.stringify(value)).join(' | ')
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return html`${choices.map((choice, i) => html`${i > 0 ? ' or ' : ''}${typeOf(choice)}`)}`
  const types = [schema.type ?? 'anything'].flat()
  return html`${types.map((type, i) => {
    const or = i > 0 ? ' or ' : ''
    return type === 'array'
      ? html`${or}list of ${typeOf(schema.items ?? {})}`
      : `${or}${schema.format ?? type}`
  })}`
}

function bounds(schema: Schema): string[] {
  const { minimum, exclusiveMinimum, maximum, maxLength, minItems, maxItems } = schema
  return [
    minimum === undefined ? '' : `At least ${minimum}.`,
    exclusiveMinimum === undefined ? '' : `More than ${exclusiveMinimum}.`,
    maximum === undefined ? '' : `At most ${maximum}.`,
    maxLength === undefined ? '' : `At most ${maxLength} bytes.`,
    minItems === undefined ? '' : `At least ${minItems}.`,
    maxItems === undefined ? '' : `At most ${maxItems}.`,
    schema.default === undefined ? '' : `Default: ${JSON.stringify(schema.default)}.`,
    schema.example === undefined ? '' : `Example: ${JSON.stringify(schema.example)}.`,
  ]
}
