// Base64 as the Standard Webhooks libraries read it: the standard alphabet, padded.

export function encodeBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

/** Strict: null unless encodeBase64 would write exactly this text, so that no two texts mean the same bytes. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | null {
  let binary: string
  try {
    binary = atob(text)
  } catch {
    return null
  }
  return btoa(binary) === text ? Uint8Array.from(binary, char => char.charCodeAt(0)) : null
}
