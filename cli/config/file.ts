// outbox.yaml: endpoints as code. Each has a name, which is how it is found again. Secrets are never in it.
import { parseDocument, stringify } from 'yaml'
import type { ListedEndpoint } from '../../functions/endpoints/schema.ts'
import { usageError } from '../exit.ts'

/** The settings that a file may have, with what stands for those that it leaves out. */
const defaults = {
  description: null,
  event_types: null,
  tenant: null,
  signing: 'hmac',
  ordering: 'none',
  format: 'standard',
  sequence: false,
  max_in_flight: 32,
  rate_per_second: null,
  timeout_seconds: null,
  retry_schedule: null,
} as const
type Setting = keyof typeof defaults
export const settingNames = Object.keys(defaults) as readonly Setting[]

export type Declared = Readonly<Record<Setting, unknown>> & { readonly name: string; readonly url: string }

/** Endpoints without a name are left out: nothing would find them again. Those that are pulled belong to a laptop. */
export const isDeclarable = ({ name, kind }: ListedEndpoint) => name !== null && kind === 'push'

export function parseFile(file: string, text: string): Declared[] {
  const document = parseDocument(text)
  const [error] = document.errors
  if (error) throw usageError(`${file} is not valid YAML: line ${error.linePos?.[0].line ?? '?'}.`)
  const content = document.toJS() as { endpoints?: unknown } | null
  if (!content || !Array.isArray(content.endpoints)) throw usageError(`${file} needs endpoints: a list.`)
  const declared = content.endpoints.map((entry, i) => declaredFrom(entry, `${file}, endpoint ${i + 1}`))
  const keys = declared.map(keyOf)
  const twice = declared.find((_, i) => keys.indexOf(keys[i]!) !== i)
  if (twice) throw usageError(`${file}: two endpoints of a tenant have the name ${twice.name}.`)
  return declared
}

function declaredFrom(entry: unknown, where: string): Declared {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
    throw usageError(`${where}: expected settings such as name and url.`)
  const { name, url, ...settings } = entry as Record<string, unknown>
  if (typeof name !== 'string' || typeof url !== 'string')
    throw usageError(`${where} needs a name and a url.`)
  for (const given of Object.keys(settings)) {
    if (given === 'secret' || given === 'headers')
      throw usageError(
        `${where} (${name}): ${given} may not be in the file, because it may be secret: outbox endpoints update.`,
      )
    if (!Object.hasOwn(defaults, given)) throw usageError(`${where} (${name}): ${given} is no setting.`)
  }
  return { name, url, ...defaults, ...settings }
}

/** No two endpoints of a tenant have the same name. */
export const keyOf = ({ name, tenant }: { readonly name: unknown; readonly tenant: unknown }) =>
  JSON.stringify([tenant ?? null, name])

/** Settings that are as they would be anyway are left out. Sorted, so that the same endpoints make the same text. */
export function printFile(endpoints: readonly ListedEndpoint[]): string {
  const sorted = endpoints.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  const entries = sorted.map(endpoint => ({
    name: endpoint.name,
    url: endpoint.url,
    ...Object.fromEntries(
      settingNames
        .filter(name => !isEqual(endpoint[name], defaults[name]))
        .map(name => [name, endpoint[name]]),
    ),
  }))
  return stringify({ endpoints: entries }, { lineWidth: 0 })
}

export const isEqual = (a: unknown, b: unknown) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null)
