// The outbox as an app to run by itself or to mount in yours:
//
//   const outbox = createOutbox()
//   app.route('/outbox', outbox.app)
//   export default { fetch: app.fetch, scheduled: outbox.scheduled }
import type { Send } from '../delivery/send.ts'
import { createConsole } from './console/app.ts'
import { createAssets, type ReadAsset } from './console/assets.ts'
import { consoleLinks } from './console/link-routes.ts'
import { runScheduled } from './cron/scheduled.ts'
import { deliveries } from './deliveries/routes.ts'
import { deliveryTail } from './deliveries/tail/routes.ts'
import { endpointActions } from './endpoints/action-routes.ts'
import { endpointBatches } from './endpoints/batch/routes.ts'
import { endpoints } from './endpoints/routes.ts'
import { sequences } from './endpoints/sequence/routes.ts'
import { type EnvironmentOf, overriddenBy, type SettingsOption } from './environment.ts'
import { eventBatches } from './events/batch/routes.ts'
import { explanations } from './events/explain/routes.ts'
import { events } from './events/routes.ts'
import { eventTail } from './events/tail/routes.ts'
import { eventTypes } from './events/types/routes.ts'
import { addRoutes, createApp, type Routes } from './http/app.ts'
import { log } from './http/log.ts'
import { refuseUnknownPaths } from './http/unknown-paths.ts'
import { keys } from './keys/routes.ts'
import { whoami } from './keys/whoami.ts'
import { descriptionOf } from './openapi/openapi.ts'
import { pulls } from './pull/routes.ts'
import { replays } from './replays/routes.ts'
import type { Env } from './settings.ts'
import { audit } from './system/audit/routes.ts'
import { captureHealth } from './system/capture-health/routes.ts'
import { health } from './system/health.ts'
import { system } from './system/identity/routes.ts'
import { listeners } from './system/listeners/routes.ts'
import { metrics } from './system/metrics/routes.ts'
import { rings } from './system/ring/routes.ts'
import { secretsHealth } from './system/secrets-health/routes.ts'
import { series } from './system/series/routes.ts'
import { stats } from './system/stats/routes.ts'

export interface OutboxOptions {
  /**
   * Settings that stand in place of the environment's: for an application that names them differently, or keeps them
   * elsewhere. A function gets the Worker's environment with its bindings.
   */
  readonly settings?: SettingsOption
  /**
   * What the world finds it under, where the outbox cannot see that for itself: a proxy, or `app.mount()`, takes it off the
   * path. `app.route()` needs none.
   */
  readonly basePath?: string
  /** Whether it answers `/openapi.json` and `/docs`. Default: true. */
  readonly description?: boolean
  /** Whether it has the operator's console at `/console`. Default: true. */
  readonly console?: boolean
  /**
   * How the style and scripts of the console and of `/docs` are read. Default: from the Worker's assets, the binding ASSETS.
   * In a Node server hand in `readAsset` of `outbox/listener`.
   */
  readonly readAsset?: ReadAsset
  /**
   * How webhooks leave in `scheduled`. Default: with fetch, which leaves it to the platform what a name may lead to. That is
   * fine on Cloudflare; in a Node server hand in the `send` of `createTransport()` of `outbox/listener`.
   */
  readonly send?: Send
}

export interface Outbox {
  readonly app: Routes
  readonly fetch: Routes['fetch']
  /** The cron function: delivers what is due. Run it every minute. */
  scheduled(controller: unknown, env: Env): Promise<void>
}

const resources = [
  [health, captureHealth, secretsHealth],
  [eventBatches, eventTail, events, eventTypes, explanations],
  [deliveryTail, deliveries],
  [endpointBatches, sequences, endpoints, endpointActions, replays, pulls],
  [stats, series, audit, keys, whoami, system, listeners, metrics, rings],
].flat()

export function createOutbox({
  settings,
  basePath,
  description = true,
  console = true,
  readAsset,
  send,
}: OutboxOptions = {}): Outbox {
  const app = createApp()
  const parts = [
    ...resources,
    ...(console ? [consoleLinks] : []),
    ...(description ? [descriptionOf(app, basePath)] : []),
  ]
  const environmentOf = overriddenBy(settings)
  const pages = [
    ...(console || description ? [createAssets(readAsset)] : []),
    ...(console ? [createConsole(basePath)] : []),
  ]
  if (settings) useEnvironment(app, [...parts, ...pages], environmentOf)
  addRoutes(app, parts)
  for (const page of pages) app.route('/', page)
  refuseUnknownPaths(app, environmentOf)
  return {
    app,
    fetch: app.fetch,
    async scheduled(_controller, env) {
      log('cron run', { ...(await runScheduled(environmentOf(env), send ? { send } : {})) })
    },
  }
}

/** On the paths of these parts alone: an application's own routes keep their environment. */
function useEnvironment(
  app: Routes,
  parts: readonly Pick<Routes, 'routes'>[],
  environmentOf: EnvironmentOf,
): void {
  for (const path of new Set(parts.flatMap(part => part.routes.map(route => route.path)))) {
    app.use(path, (c, next) => {
      c.env = environmentOf(c.env)
      return next()
    })
  }
}
