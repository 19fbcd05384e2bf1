// A listener that cannot take all there is asks its peers for help: first one of them, and twice as many each time that this was
// not enough. If all came at once, each would ask the database for the same little, and where one suffices they would take it the
// CPU.
//
//   after      0     0.1 s   0.2 s   0.3 s   0.4 s
//   asked      1     2       4       8       16      of 19, and no further until it is needed anew

const pauseMs = 100
/** What the listener may soon have done by itself is no reason to ask. */
const patienceMs = 25

export interface HelpCallPorts {
  /** Asks so many of the peers, whichever. */
  readonly ask: (peers: number) => void
  readonly peers: () => number
}

export class HelpCall {
  readonly #ports: HelpCallPorts
  #timer: NodeJS.Timeout | null = null
  #wanted = false
  #asked = 0

  constructor(ports: HelpCallPorts) {
    this.#ports = ports
  }

  /** `isNeeded`: whether it still is, when those who were asked have had their time. */
  begin(isNeeded: () => boolean = () => false): void {
    this.#wanted = true
    if (this.#timer === null) this.#ask(isNeeded)
  }

  /** Asks nobody if it is no longer needed in a moment. */
  beginSoon(isNeeded: () => boolean): void {
    this.#wanted = true
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      if (isNeeded()) this.#ask(isNeeded)
    }, patienceMs).unref()
  }

  #ask(isNeeded: () => boolean): void {
    const peers = this.#ports.peers()
    const hasAskedAll = this.#asked >= peers
    if (!this.#wanted && hasAskedAll) return
    this.#wanted = false
    this.#asked = Math.min(peers, Math.max(1, this.#asked * 2))
    if (this.#asked > 0) this.#ports.ask(this.#asked)
    this.#timer = setTimeout(() => {
      this.#timer = null
      if (this.#wanted || isNeeded()) this.#ask(isNeeded)
      else this.#asked = 0
    }, pauseMs).unref()
  }
}
