// What the shape of an endpoint's settings can not say, because it depends on the settings of this outbox.
import { checkHeaders } from '../../delivery/headers.ts'
import { type DeliverySettings, leaseMarginSeconds } from '../../delivery/settings.ts'
import { checkEndpointUrl } from '../../delivery/url.ts'
import type { InputError } from '../http/problem.ts'
import type { EndpointChanges } from './schema.ts'

export function checkEndpoint(endpoint: EndpointChanges, settings: DeliverySettings): InputError[] {
  return [
    ...urlErrors(endpoint, settings),
    ...checkHeaders(endpoint.headers ?? {}).map(({ name, problem }) => ({
      path: name === '' ? 'headers' : `headers.${name}`,
      message: problem,
    })),
    ...timeoutErrors(endpoint, settings),
  ]
}

function urlErrors({ url }: EndpointChanges, settings: DeliverySettings): InputError[] {
  if (url === undefined) return []
  const checked = checkEndpointUrl(url, settings)
  return checked.ok ? [] : [{ path: 'url', message: checked.problem }]
}

/** The lease of a slow delivery must outlive its request, or the delivery would be sent twice. */
function timeoutErrors(
  { timeout_seconds = null }: EndpointChanges,
  { leaseSeconds }: DeliverySettings,
): InputError[] {
  const max = leaseSeconds - leaseMarginSeconds
  if (timeout_seconds === null || timeout_seconds <= max) return []
  return [{ path: 'timeout_seconds', message: `must be at most ${max}` }]
}
