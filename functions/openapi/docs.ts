// GET /docs: the API's description as a page that draws itself, with Swagger UI from its package. Nothing comes from elsewhere.
import { html, raw } from 'hono/html'
import { assetPath } from '../console/assets.ts'
import type { Description } from './description.ts'

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** `base` stands before every path, and is empty at the root. */
export async function renderDocs({ info }: Pick<Description, 'info'>, base: string): Promise<Response> {
  const file = (name: Parameters<typeof assetPath>[0]) => `${base}/console/${assetPath(name)}`
  const page = await html`${raw('<!doctype html>')}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${info.title} API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${file('swagger-ui.css')}">
<link rel="stylesheet" href="${file('docs.css')}">
<script src="${file('swagger-ui.js')}" defer></script>
<script src="${file('docs.js')}" defer></script>
</head>
<body>
<header><h1>${info.title} API <small>${info.version}</small></h1><p>${info.description} The same for programs: <a href="${base}/openapi.json">openapi.json</a>.</p></header>
<div id="api" data-description="${base}/openapi.json"><p>The list of all operations is drawn by a script.</p></div>
</body>
</html>`
  return new Response(String(page), {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    },
  })
}
