// Finds packages that package-lock.json should hold and does not: npm writes such a file without a word when a
// platform's package can't be had, and then `npm ci` fails for everybody.
import { readFileSync } from 'node:fs'

interface Package {
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

export function findLockGaps(file: string): string[] {
  const { packages }: { packages: Record<string, Package> } = JSON.parse(readFileSync(file, 'utf8'))
  return Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter(name => !placesToLook(path, name).some(place => place in packages))
      .map(name => `${path || 'package.json'} needs ${name}, which package-lock.json lacks`),
  )
}

/** Node's way: beside the package's own dependencies first, then one folder up and so on. */
function placesToLook(path: string, name: string): string[] {
  const own = `${path && `${path}/`}node_modules/${name}`
  if (!path) return [own]
  return [own, ...placesToLook(path.slice(0, Math.max(0, path.lastIndexOf('/node_modules/'))), name)]
}
