// The API keys of the setting: kept as hashes only, found in constant time.

export interface ApiKey {
  readonly name: string
  readonly scope: 'admin' | 'read'
  readonly hash: Uint8Array
  /** It sees and changes only this tenant's; null = everything. */
  readonly tenant: string | null
  /** null = never. */
  readonly expiresAt: Date | null
}

/** `name:scope:key` or `name:scope:key:tenant`, with commas between them; null when any part is malformed. */
export async function parseApiKeys(spec: string): Promise<readonly ApiKey[] | null> {
  const matches = spec
    .split(',')
    .map(part => /^([\w-]+):(admin|read):([\w.~+/=-]+)(?::([^,\s]+))?$/.exec(part.trim()))
  if (matches.includes(null)) return null
  return Promise.all(
    matches.map(async match => {
      const [, name, scope, key, tenant = null] = match as unknown as [
        string,
        string,
        ApiKey['scope'],
        string,
        string?,
      ]
      return { name, scope, tenant, hash: await hashOf(key), expiresAt: null }
    }),
  )
}

/** Compares with every key, also after a match, so that the time it takes tells nothing about them. */
export async function findApiKey(keys: readonly ApiKey[], presented: string): Promise<ApiKey | null> {
  return findByHash(keys, await hashOf(presented))
}

export function findByHash(keys: readonly ApiKey[], hash: Uint8Array): ApiKey | null {
  return keys.reduce<ApiKey | null>((found, key) => (isEqual(key.hash, hash) ? key : found), null)
}

export async function hashOf(key: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key)))
}

/** The time that it takes tells nothing but whether they have the same length. */
export function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return (
    left.length === right.length &&
    left.reduce((difference, byte, i) => difference | (byte ^ right[i]!), 0) === 0
  )
}
