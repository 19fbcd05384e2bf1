// The tables of docs/scale.md, made by `npm run generate`.
import { perWebhook } from './figures.ts'
import { costOf, edgeCostOf, planFor } from './plan.ts'
import { simulate } from './simulate.ts'

export const ratesPerSecond = [100, 1_000, 5_000, 20_000, 50_000, 100_000]

export const planHead = [
  'webhooks a second',
  'databases × cores',
  'listeners',
  'p99 delay, simulated',
  'WAL',
  'disk for a day',
]

export const planRows = (): string[][] =>
  ratesPerSecond.map(perSecond => {
    const plan = planFor(perSecond)
    const { p99Seconds } = simulate(plan)
    return [
      number(perSecond),
      `${plan.databases} × ${plan.cores}`,
      number(plan.databases * plan.listeners),
      `${number(Math.ceil(p99Seconds * 1000))} ms`,
      `${number(round((perSecond * perWebhook.walBytes) / 1e6))} MB/s`,
      `${number(round((perSecond * 86_400 * perWebhook.diskBytes) / 1e9))} GB`,
    ]
  })

export const costHead = [
  'webhooks a second',
  'databases',
  'listeners',
  'a day of events on disk',
  'a million webhooks',
  'edge: databases',
  'edge: Cloudflare',
  'edge: a million webhooks',
]

export const costRows = (): string[][] =>
  ratesPerSecond.map(perSecond => {
    const listeners = costOf(planFor(perSecond))
    const edge = edgeCostOf(perSecond)
    return [
      number(perSecond),
      dollars(listeners.databases),
      dollars(listeners.senders),
      dollars(listeners.storagePerDay),
      dollars(listeners.perMillion),
      dollars(edge.databases),
      dollars(edge.senders),
      dollars(edge.perMillion),
    ]
  })

const number = (value: number) => value.toLocaleString('en')
const round = (value: number) => (value < 10 ? Math.round(value * 10) / 10 : Math.round(value))
const dollars = (value: number) => `$${value < 10 ? value.toFixed(2) : number(Math.round(value))}`
