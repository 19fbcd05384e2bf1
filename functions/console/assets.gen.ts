// Written by dev/console-assets.ts (`npm run generate`). Do not edit.

/** The console's files as they are served, with a hash of their content. */
export const assetFiles = {
  'console.css': 'console.950fac76e2.css',
  'console.js': 'console.63cae13fba.js',
  'charts.js': 'charts.200862381e.js',
  'uplot.js': 'uplot.19c8d4c6ad.js',
  'uplot.css': 'uplot.df630c6a8d.css',
} as const
