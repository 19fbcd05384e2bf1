// Secrets that can be found again: plain, in hex, in base64 at any offset, and encoded for a URL.
import { randomBytes } from 'node:crypto'

export class Canary {
  readonly name: string
  readonly text: string
  /** By default 33 bytes, so that its base64 needs no padding; with characters that a URL must escape. */
  constructor(name: string, text = `CANARY/${randomBytes(12).toString('hex')}+=`) {
    this.name = name
    this.text = text
  }

  /** As a signing secret or master key. */
  get base64(): string {
    return Buffer.from(this.text).toString('base64')
  }

  /** The forms in which this text contains it; empty when it does not. */
  formsIn(text: string): string[] {
    return Object.entries(this.#forms())
      .filter(([, form]) => text.toLowerCase().includes(form.toLowerCase()))
      .map(([form]) => form)
  }

  #forms(): Record<string, string> {
    const bytes = Buffer.from(this.text)
    return {
      plain: this.text,
      core: this.text.slice(7, 31), // survives any escaping of the characters around it
      hex: bytes.toString('hex'),
      url: encodeURIComponent(this.text),
      ...Object.fromEntries([0, 1, 2].map(offset => [`base64+${offset}`, base64At(bytes, offset)])),
    }
  }
}

/** The part of the base64 that does not depend on the bytes before and after. */
function base64At(bytes: Buffer, offset: number): string {
  const whole = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
  return whole.slice(offset === 0 ? 0 : 4, -4)
}

/** `canary in place as form` for each canary found. */
export function sightings(canaries: readonly Canary[], places: Readonly<Record<string, string>>): string[] {
  return canaries.flatMap(canary =>
    Object.entries(places).flatMap(([place, text]) =>
      canary.formsIn(text).map(form => `${canary.name} in ${place} as ${form}`),
    ),
  )
}
