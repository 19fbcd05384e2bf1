// What `outbox init` is about to make, from the answers or from what it finds in the folder.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const frameworks = ['workers', 'node'] as const
export type Framework = (typeof frameworks)[number]

export const frameworkNames: Readonly<Record<Framework, string>> = {
  workers: 'a Cloudflare Worker with Hono (the API and the cron function), and a listener in a container',
  node: 'a listener in a container, without the API',
}

export interface Answers {
  readonly framework: Framework
  /** The direct connection string; null = not known yet. */
  readonly databaseUrl: string | null
  /** Tables to watch, as SQL would name them. */
  readonly tables: readonly string[]
  /** Its migrations run on a shadow database too, which has no outbox. */
  readonly usesPrisma: boolean
}

/** A Worker, if the project looks like one. */
export function guessFramework(folder: string): Framework {
  const isWorker = ['wrangler.toml', 'wrangler.json', 'wrangler.jsonc'].some(name =>
    existsSync(join(folder, name)),
  )
  return isWorker || 'hono' in dependenciesOf(folder) ? 'workers' : 'node'
}

export function usesPrisma(folder: string): boolean {
  return (
    existsSync(join(folder, 'prisma/schema.prisma')) ||
    existsSync(join(folder, 'prisma.config.ts')) ||
    'prisma' in dependenciesOf(folder)
  )
}

function dependenciesOf(folder: string): Record<string, string> {
  const file = join(folder, 'package.json')
  if (!existsSync(file)) return {}
  const { dependencies, devDependencies } = JSON.parse(readFileSync(file, 'utf8'))
  return { ...dependencies, ...devDependencies }
}
