// `curl` for tests that run the README's snippets: appends each answer to $CURL_LOG as a line. It runs the real curl named
// in $REAL_CURL; without it, it implements the options that the snippets use, and refuses others.
import { spawnSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'

const args = process.argv.slice(2)
const request = parse(args)
const { status, text } = process.env.REAL_CURL ? runCurl(process.env.REAL_CURL) : await ask()
appendFileSync(process.env.CURL_LOG!, `${JSON.stringify({ ...request, status, text })}\n`)
process.stdout.write(text)

interface Request {
  method: string | null
  url: string
  headers: Record<string, string>
  body: string | null
}

function parse(given: readonly string[]): Request {
  const parsed: Request = { method: null, url: '', headers: {}, body: null }
  for (let i = 0; i < given.length; i++) {
    const arg = given[i]!
    if (arg === '-X') parsed.method = given[++i]!
    else if (arg === '-d') parsed.body = given[++i]!
    else if (arg === '-H') {
      const [name = '', ...value] = given[++i]!.split(':')
      parsed.headers[name.trim().toLowerCase()] = value.join(':').trim()
    } else if (arg.startsWith('-') && arg !== '-s') throw new Error(`this curl does not know ${arg}`)
    else if (arg !== '-s') parsed.url = arg.includes('://') ? arg : `http://${arg}`
  }
  parsed.method ??= parsed.body === null ? 'GET' : 'POST'
  return parsed
}

function runCurl(curl: string) {
  const { stdout, error } = spawnSync(curl, [...args, '-w', '\n%{http_code}'], { encoding: 'utf8' })
  if (error) throw error
  const at = stdout.lastIndexOf('\n')
  return { status: Number(stdout.slice(at + 1)), text: stdout.slice(0, at) }
}

/** Like curl, sends a body without a content type as a form. */
async function ask() {
  const { method, url, headers, body } = request
  const form: Record<string, string> =
    body === null ? {} : { 'content-type': 'application/x-www-form-urlencoded' }
  const response = await fetch(url, { method: method!, headers: { ...form, ...headers }, body })
  return { status: response.status, text: await response.text() }
}
