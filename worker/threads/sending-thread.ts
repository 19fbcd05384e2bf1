// A thread that only sends: signs and makes the requests that the main thread hands it, and answers with settlements. It has
// no connection to the database and no master key.
import { parentPort, workerData } from 'node:worker_threads'
import type { Endpoint } from '../../delivery/endpoint.ts'
import { deliverHere } from '../send/delivering.ts'
import {
  type Answer,
  type Batch,
  type FromThread,
  type HandedDelivery,
  machineMs,
  type ThreadStart,
  type ToThread,
  takenEndpoint,
} from './messages.ts'

/** What has waited longer than this, because the process stood still, may have lost its lease. As in a lane. */
const maxWaitMs = 2_000

const { settings, clockOffsetMs } = workerData as ThreadStart
const port = parentPort!
const ownOffsetMs = machineMs() - performance.now() + clockOffsetMs
const clock = () => performance.now() + ownOffsetMs
const { deliver } = deliverHere(settings, clock)
const endpoints = new Map<number, Endpoint>()
let answers: Answer[] = []

function take({ handedAt, forgetsEndpoints, endpoints: taken, deliveries }: Batch): void {
  if (forgetsEndpoints) endpoints.clear()
  for (const handed of taken) endpoints.set(handed.number, takenEndpoint(handed))
  const isStale = clock() - handedAt > maxWaitMs
  for (const handed of deliveries) {
    if (isStale) answer({ number: handed.number, isUnsent: true })
    else start(handed)
  }
}

function start({ number, endpointNumber, delivery }: HandedDelivery): void {
  deliver(delivery, endpoints.get(endpointNumber)!, {
    onSettlement: settlement => answer({ number, settlement }),
    onError: error => answer({ number, thrown: (error as Error).name }),
    onUnsent: () => answer({ number, isUnsent: true }),
  })
}

/** All of one turn of the event loop go together. */
function answer(one: Answer): void {
  if (answers.push(one) === 1) queueMicrotask(flush)
}

function flush(): void {
  post(answers)
  answers = []
}

const post = (message: FromThread) => port.postMessage(message)

port.on('message', (message: ToThread) => {
  if (message === 'ping') post('pong')
  else take(message)
})
post('ready')
