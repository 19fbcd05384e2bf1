// Written by dev/console-assets.ts (`npm run generate`). Do not edit.

/** The console's files as they are served, with a hash of their content. */
export const assetFiles = {
  'console.css': 'console.b1ba64546a.css',
  'console.js': 'console.2176affb68.js',
  'charts.js': 'charts.c14b988eaf.js',
  'uplot.js': 'uplot.19c8d4c6ad.js',
  'uplot.css': 'uplot.df630c6a8d.css',
} as const
