// What Prometheus may ask this listener. Labels have few and fixed values, so the answer stays small however many endpoints
// there are; OUTBOX_METRICS_ENDPOINTS names some of them.
import {
  Counter,
  collectDefaultMetrics,
  Gauge,
  type OpenMetricsContentType,
  type PrometheusContentType,
  Registry,
} from 'prom-client'
import { version } from '../../delivery/version.ts'
import { AttemptMetrics } from './attempt-metrics.ts'
import { HttpMetrics } from './http-metrics.ts'
import { StatementMetrics } from './statement-metrics.ts'

export class Metrics {
  /** A registry for exemplars; exposition() has both formats. */
  readonly registry: Registry = openRegistry()
  readonly attempts = new AttemptMetrics(this.registry)
  readonly http = new HttpMetrics(this.registry)
  readonly statements: StatementMetrics

  /** `clock`: milliseconds that only grow. */
  constructor(clock: () => number) {
    this.statements = new StatementMetrics(this.registry, clock)
    const info = new Gauge({
      name: 'outbox_build_info',
      help: 'Always 1.',
      labelNames: ['version', 'runtime'],
      registers: [this.registry],
    })
    info.set({ version, runtime: `node ${process.versions.node}` }, 1)
  }

  /** `read` is called for each scrape. */
  addGauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read())
      },
    })
  }

  /** `busySeconds`, by the thread's name, is read for each scrape. */
  addThreads(busySeconds: () => ReadonlyMap<string, number>): void {
    new Counter({
      name: 'outbox_thread_busy_seconds_total',
      help: 'For how long each thread has been busy. At a rate near 1 it is the bottleneck.',
      labelNames: ['thread'],
      registers: [this.registry],
      collect() {
        this.reset()
        this.inc({ thread: 'main' }, performance.eventLoopUtilization().active / 1000)
        for (const [thread, seconds] of busySeconds()) this.inc({ thread }, seconds)
      },
    })
  }

  /** `read` is called for each scrape, and gives what has been counted elsewhere. */
  addCounter(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  }

  /** Returns what counts one more of this value. */
  addCounterOf<Value extends string>(
    name: string,
    help: string,
    label: string,
    values: readonly Value[],
  ): (value: Value) => void {
    const counter = new Counter({ name, help, labelNames: [label], registers: [this.registry] })
    for (const value of values) counter.inc({ [label]: value }, 0)
    return value => counter.inc({ [label]: value })
  }

  /** In OpenMetrics, which can carry exemplars, for who asks for it; else as Prometheus has always read it. */
  async exposition(accept = ''): Promise<Exposition> {
    const registry = Registry.merge([this.registry, processMetrics()])
    const isOpen = accept.includes('application/openmetrics-text')
    return written(registry, isOpen ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE)
  }
}

export interface Exposition {
  readonly type: string
  readonly text: string
}

/** The library allows exemplars only in such a registry, whatever is asked of it later. */
function openRegistry(): Registry {
  const registry = new Registry<OpenMetricsContentType>()
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  return registry as unknown as Registry
}

/** In OpenMetrics it takes `_total` away from the names of counters, which other scrapes share, as soon as it is asked. */
async function written(registry: Registry, type: string): Promise<Exposition> {
  const metrics = registry.getMetricsAsArray()
  const names = metrics.map(({ name }) => name)
  registry.setContentType(type as PrometheusContentType)
  const text = registry.metrics()
  metrics.forEach((metric, n) => {
    metric.name = names[n]!
  })
  return { type, text: await text }
}

let ofProcess: Registry | null = null

/** process_… and nodejs_…: one set, however many listeners run in this process. */
function processMetrics(): Registry {
  if (ofProcess === null) {
    ofProcess = openRegistry()
    collectDefaultMetrics({ register: ofProcess })
  }
  return ofProcess
}
