// What web application firewalls demand of a POST's head: the OWASP Core Rule Set 4 (file 920, protocol enforcement), the
// rules that AWS, Azure, Google and Cloudflare derive from it, at every paranoia level. Each demand has the rule's number.

interface Head {
  readonly requestLine: string
  /** Names in lower case, in the order they came. */
  readonly headers: readonly (readonly [string, string])[]
}

/** The demands that a request does not meet. */
export function firewallComplaints(request: string): string[] {
  const head = parseHead(request)
  return Object.entries(demands).flatMap(([demand, isMet]) => (isMet(head) ? [] : [demand]))
}

export function headerNames(request: string): string[] {
  return parseHead(request).headers.map(([name]) => name)
}

function parseHead(request: string): Head {
  const [requestLine = '', ...lines] = request.split('\r\n\r\n')[0]!.split('\r\n')
  const headers = lines.map(line => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  return { requestLine, headers }
}

const all = ({ headers }: Head, name: string) => headers.filter(each => each[0] === name).map(each => each[1])
const once = (head: Head, name: string, form: RegExp) =>
  all(head, name).length === 1 && optional(head, name, form)
const optional = (head: Head, name: string, form: RegExp) => all(head, name).every(value => form.test(value))
const none = (head: Head, ...names: string[]) => names.every(name => all(head, name).length === 0)

const mediaRange = String.raw`(\*|[\w.+-]+)/(\*|[\w.+-]+)(\s*;\s*[\w-]+=[\w.-]+)*`
const codings = 'br|compress|deflate|gzip|identity|zstd|\\*'

const demands: Record<string, (head: Head) => boolean> = {
  '920100 a well-formed request line': head => /^POST \/[^#\s]* HTTP\/1\.1$/.test(head.requestLine),
  '920160, 920180 a numeric content-length': head => once(head, 'content-length', /^\d+$/),
  '920181 no transfer-encoding beside it': head => none(head, 'transfer-encoding'),
  '920210 one connection option': head =>
    all(head, 'connection').length < 2 && optional(head, 'connection', /^(keep-alive|close)$/i),
  '920272, 920274 plain characters in values': head =>
    head.headers.every(([name, value]) =>
      (name === 'user-agent' ? /^[ -$&-~]*$/ : /^[ "&*-;=A-Z_a-z]*$/).test(value),
    ),
  '920280, 920290 a host': head => once(head, 'host', /./),
  '920300, 920310 an accept': head => once(head, 'accept', /./),
  '920320, 920330 a user-agent': head => once(head, 'user-agent', /./),
  '920340, 920620 one content-type': head => once(head, 'content-type', /./),
  '920350 a host that is no address': head => !optional(head, 'host', /^([\d.]+|\[[\da-f:]+\])(:\d+)?$/i),
  '920420, 920470, 920480 a common content-type': head =>
    optional(head, 'content-type', /^application\/json(; charset=utf-8)?$/i),
  '920450, 920451 no header that can deceive': head =>
    none(head, 'proxy', 'expect', 'if', 'range', 'request-range', 'content-range', 'content-encoding') &&
    none(head, 'lock-token', 'accept-charset', 'cache-control', 'x-up-devcap-post-charset') &&
    none(head, 'x-http-method', 'x-http-method-override', 'x-method-override', 'x-middleware-subrequest'),
  '920520, 920521 a known accept-encoding': head =>
    optional(head, 'accept-encoding', new RegExp(`^(${codings})(, ?(${codings}))*$`)),
  '920600 a well-formed accept': head =>
    optional(head, 'accept', new RegExp(`^${mediaRange}(\\s*,\\s*${mediaRange})*$`)),
}
