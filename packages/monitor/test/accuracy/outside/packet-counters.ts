import { execFileSync } from 'node:child_process';

interface Counter {
  readonly packets: number;
  readonly bytes: number;
}

/** IPv4 and TCP header with timestamps: every segment of an open connection on Linux. */
const headerBytes = 52;

/** Counts, by nftables, what a network namespace carries to and from a port. */
export class PacketCounters {
  readonly #namespace: string;

  /** Rules for each direction; those for SYN and RST, whose headers have another length, come first. */
  constructor(namespace: string, port: number) {
    this.#namespace = namespace;
    const rules = (['dport', 'sport'] as const).flatMap((side) => [
      `tcp ${side} ${port} tcp flags & (syn | rst) != 0 counter accept comment "${side} bare"`,
      `tcp ${side} ${port} counter accept comment "${side}"`,
    ]);
    const chain = ['chain input {', 'type filter hook input priority 0', ...rules, '}'].join('\n');
    const input = `table ip weighbridge {\n${chain}\n}\n`;
    execFileSync('ip', ['netns', 'exec', namespace, 'nft', '-f', '-'], { input });
  }

  /** TCP payload that the server received and sent, retransmissions included. */
  payload(): { in: number; out: number } {
    const text = execFileSync('ip', [
      'netns',
      'exec',
      this.#namespace,
      'nft',
      '-j',
      'list',
      'table',
      'ip',
      'weighbridge',
    ]);
    const { nftables } = JSON.parse(text.toString()) as { nftables: { rule?: Rule }[] };
    const find = (side: string) => {
      const rule = nftables.map((entry) => entry.rule).find((one) => one?.comment === side);
      const counter = rule?.expr.find((part) => part.counter)?.counter;
      if (!counter) throw new Error(`nftables has no counter '${side}'`);
      return counter.bytes - headerBytes * counter.packets;
    };
    return { in: find('dport'), out: find('sport') };
  }
}

interface Rule {
  readonly comment?: string;
  readonly expr: readonly { readonly counter?: Counter }[];
}
