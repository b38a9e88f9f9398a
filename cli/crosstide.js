#!/usr/bin/env node
// Plain JavaScript, so that a Node too old for the TypeScript files says so instead of "Unknown file extension".
const NEEDED = 24
const major = Number(process.versions.node.split('.')[0])

if (major < NEEDED) {
  process.stderr.write(
    `crosstide needs Node ${NEEDED} or later, this is ${process.version}.\n` +
      'npm ci brings its own: start through npm (npm start, npm test) or npx (npx crosstide --help),\n' +
      'or run it directly: node_modules/.bin/node cli/crosstide.js --help\n',
  )
  process.exit(2)
}

const { main } = await import('./main.ts')
await main(process.argv)
