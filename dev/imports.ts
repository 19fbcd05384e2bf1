// What the files of a folder import, read off their text.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

export interface Source {
  /** Relative to the project. */
  readonly file: string
  readonly text: string
}

export function sourcesIn(root: string, folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => join(folder, name))
    .map(file => ({ file, text: readFileSync(join(root, file), 'utf8') }))
}

/** The file, relative to the project, that an import of `./…` or `../…` names; null for a package. */
export function resolveImport(file: string, target: string): string | null {
  return target.startsWith('.') ? relative('.', join(dirname(file), target)) : null
}

/** Everything a file imports, types included: one type of `pg` brings all of Node's types in. */
export function importsOf(text: string): string[] {
  const forms = [
    /^\s*(?:import|export)\b[\w\s{},*$]*?\bfrom\s*['"]([^'"]+)['"]/gm, // import … from 'x', export … from 'x'
    /^\s*import\s*['"]([^'"]+)['"]/gm, // import 'x'
    /\b(?:import|require)\s*\(\s*['"]([^'"]+)['"]/g, // import('x'), as a value or as a type
    /\b(?:import|require)\s*\(\s*([^'")\s][^)]*)\)/g, // import(x): nobody knows what
    /^\s*\/\/\/\s*<reference\s+\w+=['"]([^'"]+)['"]/gm,
  ]
  return forms.flatMap(form => [...text.matchAll(form)].map(match => match[1]!))
}
