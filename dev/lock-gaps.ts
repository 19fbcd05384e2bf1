// Finds packages that are missing in package-lock.json. npm writes such a file without a warning when it can't get the
// package of a platform, and then `npm ci` fails on every machine.
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

/** As Node resolves packages: in the package's own node_modules first, then one folder up, and so on. */
function placesToLook(path: string, name: string): string[] {
  const own = `${path && `${path}/`}node_modules/${name}`
  if (!path) return [own]
  return [own, ...placesToLook(path.slice(0, Math.max(0, path.lastIndexOf('/node_modules/'))), name)]
}
