import { BlockList, isIPv6 } from 'node:net';
import { OptionError } from '../../errors.ts';

/** Where a server listens; port 0 is any free one. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const shape = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s/]+)):(\d{1,5})$/;
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Parses `HOST:PORT`, an IPv6 host in brackets. @throws OptionError that names `option`. */
export function parseAddress(option: string, text: string): Address {
  const match = shape.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) {
    throw new OptionError(
      `${option} must be HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080, got ${JSON.stringify(text)}`,
    );
  }
  return Object.freeze({ host: match[1] ?? match[2] ?? '', port });
}

/** `HOST:PORT`, an IPv6 host in brackets. */
export function formatAddress({ host, port }: Address): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** Can only this machine reach it? A host name other than `localhost` may mean anything, so: no. */
export function isLoopback({ host }: Address): boolean {
  return host === 'localhost' || loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
}

/** The URL to reach a server that listens there from this machine. */
export function urlOf({ host, port }: Address): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${formatAddress({ host: reachable, port })}`;
}
