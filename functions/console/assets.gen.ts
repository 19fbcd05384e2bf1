// Written by dev/console-assets.ts (`npm run generate`). Do not edit.

/** The console's files as they are served, with a hash of their content. */
export const assetFiles = {
  'console.css': 'console.f141ab6555.css',
  'console.js': 'console.38ae1e04db.js',
  'live.js': 'live.6483141243.js',
  'sheet.js': 'sheet.b5f181224f.js',
  'charts.js': 'charts.49dbddbde8.js',
  'docs.js': 'docs.0a8179ea88.js',
  'docs.css': 'docs.dba4980574.css',
  'swagger-ui.js': 'swagger-ui.e6a898692f.js',
  'swagger-ui.css': 'swagger-ui.5ed08757e5.css',
  'uplot.js': 'uplot.19c8d4c6ad.js',
  'uplot.css': 'uplot.df630c6a8d.css',
} as const
