import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports that Linux (32768 and up) and macOS (49152 and up) give to whoever asks for any port: one of those
 * could be given to another server, even to the very application under test, before it is used. Each of the test
 * runner's processes has a share of its own.
 */
const firstPort = 20_000;
const portsEach = 3000;
const shares = 4;
/** Room between two, for what looks for a free port among the next ones. It has no divisor in common with the share. */
const distance = 17;

const share = Number(process.env.VITEST_POOL_ID ?? 0) % shares;
let taken = Math.floor(Math.random() * portsEach);

/** A port of 127.0.0.1 on which nothing listens, and that no other test is given soon. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < portsEach; tried++) {
    taken = (taken + distance) % portsEach;
    const port = firstPort + share * portsEach + taken;
    if (await isFree(port)) return port;
  }
  throw new Error(`none of ${portsEach} ports is free`);
}

/** So many of them, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
