// A collector of spans as a process of its own: it takes OTLP over HTTP in JSON, as the SDK sends it, and tells what it has got.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { atEnd } from './cleanup.ts'

const program = `
  const http = require('node:http')
  const spans = []
  http.createServer((request, response) => {
    if (request.method === 'GET') return response.end(JSON.stringify(spans))
    let text = ''
    request.on('data', data => { text += data }).on('end', () => {
      if (request.url !== '/v1/traces') return response.writeHead(404).end()
      for (const { resource, scopeSpans } of JSON.parse(text).resourceSpans)
        for (const scope of scopeSpans) for (const span of scope.spans) spans.push({ ...span, resource: resource.attributes })
      response.setHeader('content-type', 'application/json').end('{}')
    })
  }).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`

interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string; readonly intValue?: number }
}

export interface CollectedSpan {
  readonly name: string
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly attributes: readonly Attribute[]
  readonly status: { readonly code?: number }
  readonly resource: readonly Attribute[]
}

export interface Collector {
  readonly url: string
  spans(): Promise<CollectedSpan[]>
}

export async function startCollector(): Promise<Collector> {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  atEnd(async () => {
    child.kill()
    await once(child, 'exit')
  })
  const [port] = await once(createInterface({ input: child.stdout }), 'line')
  const url = `http://127.0.0.1:${port}`
  return { url, spans: async () => (await fetch(url)).json() as Promise<CollectedSpan[]> }
}

export const attributesOf = ({ attributes }: Pick<CollectedSpan, 'attributes'>) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]))
