// Draws the API's description with Swagger UI. Paths are shown as they are called, and stand in groups by what they are about.
const place = document.getElementById('api')
const methods = ['get', 'post', 'patch', 'put', 'delete']

function asCalled({ servers = [], paths, ...rest }) {
  const base = servers[0]?.url ?? ''
  const all = Object.entries(paths).map(([path, operations]) => {
    const group = path.split('/').find(part => part !== '' && part !== 'v1') ?? ''
    for (const method of methods) {
      if (operations[method]) operations[method].tags = [group]
    }
    return [base + path, operations]
  })
  return { ...rest, paths: Object.fromEntries(all) }
}

async function draw() {
  const answer = await fetch(place.dataset.description)
  const spec = asCalled(await answer.json())
  place.replaceChildren()
  SwaggerUIBundle({
    domNode: place,
    spec,
    deepLinking: true,
    displayRequestDuration: true,
    requestSnippetsEnabled: true,
    tryItOutEnabled: true,
    validatorUrl: 'none',
    docExpansion: 'list',
    defaultModelsExpandDepth: 0,
  })
}

const dark = matchMedia('(prefers-color-scheme: dark)')
const showScheme = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', showScheme)
showScheme()
draw()
