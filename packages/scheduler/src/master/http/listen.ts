import type { AddressInfo } from 'node:net';
import { OptionError, StartError } from '../../errors.ts';
import { type Address, formatAddress, parseAddress } from '../setup/address.ts';
import type { App } from './app.ts';

/** An option that names an address, as the code and as the command line call it. */
export interface ListenOption {
  readonly name: 'listen' | 'metricsListen';
  readonly flag: '--listen' | '--metrics-listen';
}

/** Listens, and tells where: the port is the real one. @throws StartError `port-in-use`; OptionError. */
export async function listen(app: App, option: ListenOption, text: string): Promise<Address> {
  const wanted = parseAddress(option.name, text);
  try {
    await app.listen({ host: wanted.host, port: wanted.port });
  } catch (cause) {
    throw explain(cause as NodeJS.ErrnoException, option, wanted);
  }
  return { host: wanted.host, port: (app.server.address() as AddressInfo).port };
}

function explain(cause: NodeJS.ErrnoException, { name, flag }: ListenOption, wanted: Address): Error {
  const address = formatAddress(wanted);
  if (cause.code === 'EADDRINUSE') {
    return new StartError({ code: 'port-in-use', address, option: name }, { cause });
  }
  return new OptionError(
    `${name} (${flag}) must be an address that this process may listen on, got ${address} (${cause.code})`,
    { cause },
  );
}

const idleCheckMs = 50;

/** Ends a server: what is being answered may finish within `drainMs`, then its connections are cut. */
export async function drain(app: App, drainMs: number): Promise<void> {
  // A connection that was busy when closing began stays open as idle once it is answered.
  const idle = setInterval(() => app.server.closeIdleConnections(), idleCheckMs);
  const cut = setTimeout(() => app.server.closeAllConnections(), drainMs);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(cut);
  }
}
