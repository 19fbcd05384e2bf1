// The manifests hold before the schemas that Kubernetes publishes of its API (the package kubernetes-models is generated from
// them), and no field is one that Kubernetes does not know: `kubectl apply` would refuse it, or drop it in silence.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Deployment } from 'kubernetes-models/apps/v1'
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { unreadPaths, watchReads } from '../support/reads.ts'

const folder = join(import.meta.dirname, '../../ops/kubernetes')
const models = [Deployment, PodDisruptionBudget, HorizontalPodAutoscaler, NetworkPolicy]

// biome-ignore lint/suspicious/noExplicitAny: what it is, is what is tested
type Manifest = any

const manifests: [string, Manifest][] = readdirSync(folder).flatMap(file =>
  parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((document): [string, Manifest] => {
    const manifest = document.toJS()
    return [`${file}: ${manifest.kind}`, manifest]
  }),
)
const manifest = (kind: string): Manifest => manifests.find(([, one]) => one.kind === kind)![1]

/** Throws what is wrong with a value; returns the fields that the schema does not know. */
function unknownFields(value: Manifest): string[] {
  const model = models.find(({ apiVersion, kind }) => apiVersion === value.apiVersion && kind === value.kind)
  if (!model) throw new Error(`no schema for ${value.apiVersion} ${value.kind}`)
  const watched = watchReads(new model(value))
  watched.value.validate()
  return unreadPaths(value, watched)
}

describe.each(manifests)('%s', (_, value) => {
  test('is valid, and has no field that Kubernetes does not know', () => {
    expect(unknownFields(value)).toEqual([])
  })
})

describe('the check', () => {
  test('refuses a value of another type', () => {
    expect(() => unknownFields({ ...manifest('Deployment'), spec: { replicas: 'two' } })).toThrow('replicas')
  })

  test('finds a field that Kubernetes does not know, however deep', () => {
    const deployment = structuredClone(manifest('Deployment'))
    deployment.spec.template.spec.containers[0].livenessProbe.httpGet.adress = 'x'
    expect(unknownFields(deployment)).toEqual([
      'spec.template.spec.containers.0.livenessProbe.httpGet.adress',
    ])
  })
})

test('all of them are about the same pods', () => {
  const { metadata, spec } = manifest('Deployment')
  const labels = spec.selector.matchLabels
  expect(spec.template.metadata.labels).toEqual(labels)
  expect(manifest('PodDisruptionBudget').spec.selector.matchLabels).toEqual(labels)
  expect(manifest('NetworkPolicy').spec.podSelector.matchLabels).toEqual(labels)
  expect(manifest('HorizontalPodAutoscaler').spec.scaleTargetRef.name).toBe(metadata.name)
})
