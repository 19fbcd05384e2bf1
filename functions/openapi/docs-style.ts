// The style of the page in functions/openapi/docs.ts. The page's Content-Security-Policy names it by its hash.

export const docsStyle = `
:root { color-scheme: light dark; --line: light-dark(#e3e3e8, #33353d); --dim: light-dark(#5f6470, #9aa0ad);
  --back: light-dark(#fff, #16171b); --side: light-dark(#f7f7f9, #1c1d22); --link: light-dark(#1a56c4, #82aaff) }
* { box-sizing: border-box }
body { margin: 0; display: grid; grid-template-columns: 21rem minmax(0, 1fr); background: var(--back);
  font: 15px/1.55 system-ui, sans-serif }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1.5rem; background: var(--side);
  border-right: 1px solid var(--line) }
nav h1 { font-size: 1.2rem; margin: 0 }
nav h2 { font-size: .75rem; text-transform: uppercase; letter-spacing: .06em; color: var(--dim); margin: 1.4rem 0 .3rem }
nav ul { list-style: none; margin: 0; padding: 0; font-size: .85rem }
nav a { display: block; padding: .12rem 0; color: inherit; overflow-wrap: anywhere }
main { padding: 1.5rem 2.5rem 6rem; max-width: 62rem }
section { border-top: 1px solid var(--line); padding: 1.2rem 0; scroll-margin-top: 1rem }
section:target h3 { background: light-dark(#fff6d6, #3a3415) }
h3 { font-size: 1.1rem; margin: 0 }
h4 { font-size: .85rem; color: var(--dim); margin: 1rem 0 .3rem }
p { margin: .4rem 0 }
a { color: var(--link); text-decoration: none }
a:hover { text-decoration: underline }
code { font: .92em ui-monospace, monospace }
small { color: var(--dim); font-weight: normal; font-size: .8em }
table { border-collapse: collapse; width: 100%; font-size: .9rem }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-top: 1px solid var(--line) }
th { width: 13rem; font-weight: 500; overflow-wrap: anywhere }
td span { color: var(--dim); margin-right: .4rem; font-family: ui-monospace, monospace; font-size: .9em }
td table { margin: .3rem 0 0 .6rem; width: calc(100% - .6rem) }
b { display: inline-block; min-width: 3.6rem; font: 600 .72rem/1.6 ui-monospace, monospace; text-transform: uppercase }
.get { color: light-dark(#14793b, #6fd08c) }
.post { color: light-dark(#1a56c4, #82aaff) }
.patch { color: light-dark(#9a5b00, #f0b25a) }
.delete { color: light-dark(#b3261e, #ff8a80) }
@media (max-width: 50rem) { body { display: block } nav { position: static; height: auto } main { padding: 1rem } }
`
