// What a session that listens hears, and what that means for this listener.
import type { Notification } from './listening-connection.ts'
import type { Place } from './on-call.ts'
import { parsePeerMessage, peersChannel } from './peers.ts'
import type { WakeEvents } from './wake-events.ts'

/** What senders say on the channel of the writers: that they poll, and that they are held and ask for a word. */
export const announcement = 'polling'
const question = 'identify'
/** The second on call leaves so much time to the first. */
const secondWaitsMs = 100

export interface IncomingPorts {
  readonly events: WakeEvents
  readonly random: () => number
  readonly place: () => Place | null
  /** Listeners of this database. */
  readonly listeners: () => number
  readonly identify: () => void
  /** A peer has left its place on call. */
  readonly takePlace: () => void
}

export class Incoming {
  readonly #ports: IncomingPorts
  #secondTimer: NodeJS.Timeout | undefined

  constructor(ports: IncomingPorts) {
    this.#ports = ports
  }

  receive({ channel, payload, isOwn }: Notification): void {
    if (channel === peersChannel && !isOwn) this.#hearPeer(payload)
    if (channel === 'outbox') this.#hearWriter(payload, isOwn)
  }

  close(): void {
    clearTimeout(this.#secondTimer)
  }

  #hearWriter(payload: string | undefined, isOwn: boolean): void {
    const { events, identify, place } = this.#ports
    if (payload === question) {
      identify()
      return
    }
    const isAnnouncement = payload === announcement
    if (isAnnouncement && isOwn) return
    if (isAnnouncement) events.emit('peerPolls')
    if (place() !== 'second') events.emit('newEvents')
    else this.#secondTimer ??= setTimeout(() => this.#actAsSecond(), secondWaitsMs)
  }

  #actAsSecond(): void {
    this.#secondTimer = undefined
    this.#ports.events.emit('newEvents')
  }

  #hearPeer(payload: string | undefined): void {
    const { events, random, listeners, takePlace } = this.#ports
    const { message, peers } = parsePeerMessage(payload)
    if (peers !== null && random() * (listeners() - 1) >= peers) return
    if (message === 'backlog') events.emit('newEvents')
    if (message === 'pending') events.emit('newPending')
    if (message === 'left') takePlace()
  }
}
