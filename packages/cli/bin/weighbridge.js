#!/usr/bin/env node
// Plain JavaScript that any Node can parse: it must be able to say that this Node is too old.
const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  const { main } = await import('../dist/main.js');
  await main(process.argv.slice(2));
} else {
  console.error(
    `weighbridge needs Node 22.18 or newer, this is ${process.versions.node}; install a newer one (https://nodejs.org).`,
  );
  process.exitCode = 1;
}
