// `npm run spam -- --count 1000 --rate 50`: updates orders through the API, each to another status, and
// prints a summary.
import { setTimeout as wait } from 'node:timers/promises'
import { SingleBar } from 'cli-progress'
import { wholeNumber } from '../options.ts'
import { readArguments, runTool } from '../program.ts'
import { findRunning } from '../running.ts'
import { Trouble } from '../say.ts'
import { type Order, Shop } from './spam-shop.ts'

/** More would measure our own queue, not the functions. */
const MAX_IN_FLIGHT = 64

const usage = `npm run spam -- [--count N] [--rate N] [--url URL] [--key KEY]

  --count N  how many updates (default 100)
  --rate N   how many a second (default 50)
  --url URL  where the functions answer (default: the running npm run dev)
  --key KEY  an API key (default: that of npm run dev)`

await runTool(async () => {
  const { count, rate, url, key } = readOptions()
  const shop = new Shop(url, key)
  const orders = shuffled(await shop.readOrders(count))
  if (orders.length === 0) throw new Trouble('There are no orders to update: load the example shop first.')
  const tally = await updateAll(shop, orders, count, rate)
  report(tally)
  if (tally.failures.size > 0) process.exitCode = 1
})

interface Tally {
  seconds: number
  latenciesMs: number[]
  /** Each failure and how often it happened. */
  failures: Map<string, number>
}

/** Update number n starts at n / rate seconds, no matter how long the earlier ones take. */
async function updateAll(shop: Shop, orders: Order[], count: number, rate: number): Promise<Tally> {
  const tally: Tally = { seconds: 0, latenciesMs: [], failures: new Map() }
  const bar = new SingleBar({
    format: '{bar} {value}/{total} updates, {eta_formatted} left',
    noTTYOutput: true,
  })
  bar.start(count, 0)
  const inFlight = new Set<Promise<void>>()
  const start = performance.now()
  for (let n = 0; n < count; n++) {
    await wait(Math.max(0, start + (n / rate) * 1000 - performance.now()))
    if (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight)
    const update = updateOne(shop, orders[n % orders.length]!, tally).finally(() => {
      inFlight.delete(update)
      bar.increment()
    })
    inFlight.add(update)
  }
  await Promise.all(inFlight)
  tally.seconds = (performance.now() - start) / 1000
  bar.stop()
  return tally
}

async function updateOne(shop: Shop, order: Order, { latenciesMs, failures }: Tally): Promise<void> {
  const start = performance.now()
  const failure = await shop.moveOn(order)
  latenciesMs.push(performance.now() - start)
  if (failure) failures.set(failure, (failures.get(failure) ?? 0) + 1)
}

function report({ latenciesMs, failures, seconds }: Tally): void {
  const sent = latenciesMs.length
  const failed = [...failures.values()].reduce((sum, times) => sum + times, 0)
  const sorted = latenciesMs.toSorted((a, b) => a - b)
  const percentile = (p: number) => `${sorted[Math.ceil(sent * p) - 1]!.toFixed(1)} ms`
  console.log(`sent ${sent}, ok ${sent - failed}, failed ${failed}`)
  console.log(
    `${(sent / seconds).toFixed(1)} updates/s, latency p50 ${percentile(0.5)}, p99 ${percentile(0.99)}`,
  )
  for (const [failure, times] of failures) console.log(`${times} × ${failure}`)
}

function shuffled<T>(list: T[]): T[] {
  const ranked = list.map(item => ({ item, rank: Math.random() }))
  return ranked.sort((a, b) => a.rank - b.rank).map(({ item }) => item)
}

function readOptions() {
  const running = findRunning()
  const values = readArguments({
    usage,
    options: {
      count: { type: 'string', default: '100' },
      rate: { type: 'string', default: '50' },
      url: { type: 'string', default: running?.url ?? 'http://127.0.0.1:8787' },
      key: { type: 'string', default: running?.apiKey ?? 'dev' },
    },
  })
  if (!URL.canParse(values.url)) throw new Trouble('--url takes an address, http://host:port.')
  return {
    ...values,
    count: wholeNumber('--count', values.count, 1, 10_000_000),
    rate: wholeNumber('--rate', values.rate, 1, 10_000),
  }
}
