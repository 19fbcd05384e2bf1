// Which parts of a value were read. A validator reads the fields that it knows, so the others are what it does not know.

export interface Watched<T extends object> {
  /** To be read in place of the original. */
  readonly value: T
  readonly read: ReadonlySet<string>
}

export function watchReads<T extends object>(original: T): Watched<T> {
  const read = new Set<string>()
  const watch = <Part extends object>(value: Part, path: string): Part =>
    new Proxy(value, {
      get(target, name) {
        const found = Reflect.get(target, name)
        if (typeof name === 'symbol') return found
        const own = joined(path, name)
        read.add(own)
        return typeof found === 'object' && found !== null ? watch(found, own) : found
      },
    })
  return { value: watch(original, ''), read }
}

/** The fields that nobody read, without what is below them. */
export function unreadPaths(value: object, { read }: Pick<Watched<object>, 'read'>, path = ''): string[] {
  return Object.entries(value).flatMap(([name, child]) => {
    const own = joined(path, name)
    if (!read.has(own)) return [own]
    return typeof child === 'object' && child !== null ? unreadPaths(child, { read }, own) : []
  })
}

const joined = (path: string, name: string) => (path === '' ? name : `${path}.${name}`)
