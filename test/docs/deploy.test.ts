// docs/deploy.md and the manifests of ops/ keep their word: they name ports, paths and times that the listener has.
import { expect, test } from 'vitest'
import { filesFor } from '../../cli/init/files.ts'
import { Health } from '../../worker/observability/health.ts'
import { HealthPort } from '../../worker/observability/health-port.ts'
import { readListenerSettings } from '../../worker/settings.ts'
import { testSettings } from '../support/settings.ts'
import { readPage } from './pages.ts'

const page = readPage('docs/deploy.md')
const fly = readPage('ops/fly/fly.toml')
const kubernetes = readPage('ops/kubernetes/listener.yaml')

const { healthPort, requestTimeoutSeconds } = readListenerSettings({
  OUTBOX_MASTER_KEYS: testSettings.OUTBOX_MASTER_KEYS,
  DATABASE_URL_UNPOOLED: 'postgresql://user@host/database',
})

test.each([
  ['Fly', fly, /kill_timeout = "(\d+)s"/],
  ['Kubernetes', kubernetes, /terminationGracePeriodSeconds: (\d+)/],
])('%s gives a listener time to finish its requests', (_, manifest, graceSeconds) => {
  expect(Number(graceSeconds.exec(manifest)![1])).toBeGreaterThanOrEqual(requestTimeoutSeconds + 10)
})

test.each([
  ['Fly', fly, /\bport = (\d+)/g],
  ['Kubernetes', kubernetes, /(?:containerPort: |prometheus\.io\/port: ")(\d+)/g],
])('%s asks for health on the default port', (_, manifest, port) => {
  const ports = [...manifest.matchAll(port)].map(([, number]) => Number(number))
  expect(new Set(ports)).toEqual(new Set([healthPort]))
})

test('every health path of the page and the manifests is answered', async () => {
  const port = new HealthPort({ healthPort: 0, healthHost: '127.0.0.1', wakeToken: null }, () => {})
  port.show(new Health(async () => ({ type: 'text/plain', text: '' })))
  await port.start()
  const paths = new Set((page + fly + kubernetes).match(/(?<=["`\s])\/(livez|readyz|metrics)\b/g))
  expect(paths.size).toBe(3)
  for (const path of paths) {
    const response = await fetch(`http://127.0.0.1:${port.number}${path}`)
    expect(response.status, path).toBe(200)
  }
  port.stop()
})

test.each([
  ['worker/Dockerfile', readPage('worker/Dockerfile')],
  ['server/Dockerfile', readPage('server/Dockerfile')],
  ['outbox/Dockerfile', initFile('outbox/Dockerfile')],
])('every image that exposes the health port makes it reachable from outside the container', (_, text) => {
  expect(text).toMatch(/^EXPOSE .*\b9090\b/m)
  expect(text).toMatch(/^ENV OUTBOX_HEALTH_HOST=::$/m)
})

function initFile(path: string): string {
  const answers = { framework: 'node', usesPrisma: false, databaseUrl: null, tables: [] } as const
  return filesFor(answers).find(file => file.path === path)!.text
}

test('the two users are made as the page on roles says', () => {
  const createRoles = (text: string) => text.match(/CREATE ROLE .*?;/g)
  expect(createRoles(page)).toEqual(createRoles(readPage('docs/roles.md')))
})
