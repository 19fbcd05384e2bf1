// fly.toml has only what flyctl reads, in the types that it reads. flyctl itself asks Fly's servers, so here stand the fields of
// its `Config` (internal/appconfig/config.go and toplevelcheck.go) that a process without a service can have; all others are refused.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'smol-toml'
import { expect, test } from 'vitest'
import { z } from 'zod'

/** As Go reads it, with one unit. */
const duration = z.string().regex(/^\d+(ms|s|m|h)$/)
const port = z.int().min(1).max(65_535)
const path = z.string().startsWith('/')
const memory = z.string().regex(/^\d+(mb|gb)$/)

const flyToml = z.strictObject({
  app: z.string().regex(/^[a-z0-9-]+$/),
  primary_region: z.string().length(3),
  kill_signal: z.enum(['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGKILL', 'SIGSTOP']),
  kill_timeout: duration,
  build: z.strictObject({ dockerfile: z.string() }),
  deploy: z.strictObject({
    strategy: z.enum(['rolling', 'immediate', 'canary', 'bluegreen']),
    max_unavailable: z.number().positive(),
  }),
  env: z.record(z.string(), z.string()).optional(),
  restart: z.array(z.strictObject({ policy: z.enum(['always', 'never', 'on-failure']) })),
  checks: z.record(
    z.string(),
    z.strictObject({
      type: z.enum(['http', 'tcp']),
      port,
      path,
      interval: duration,
      timeout: duration,
      grace_period: duration,
    }),
  ),
  metrics: z.array(z.strictObject({ port, path })),
  vm: z.array(z.strictObject({ size: z.string(), memory })),
})

const file = join(import.meta.dirname, '../../ops/fly/fly.toml')
const read = () => parse(readFileSync(file, 'utf8'))

test('flyctl reads every field', () => {
  expect(() => flyToml.parse(read())).not.toThrow()
})

test('a field that flyctl does not know is found', () => {
  expect(() => flyToml.parse({ ...read(), kill_timeot: '30s' })).toThrow('kill_timeot')
})

test('the Dockerfile is where the file says, seen from the file', () => {
  expect(existsSync(join(dirname(file), flyToml.parse(read()).build.dockerfile))).toBe(true)
})
