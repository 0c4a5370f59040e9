import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { findOwnSymbol } from '../../own-symbol.ts';
import { usable } from '../../self-test.ts';

/** Node's HTTP parser, as far as we look (lib/_http_common.js, src/node_http_parser.cc). */
interface Parser {
  [slot: number]: unknown;
  constructor: { kOnMessageBegin?: number };
}
interface ConnectionsList {
  all(): unknown[];
  active(): unknown[];
}

/** Whether a connection's parser is inside a message whose head is not complete yet. */
export interface MessageState {
  begun: boolean;
}

/**
 * Has the parser begun another message in what it was given? Asked only when a request was longer than its
 * head and body should be.
 *
 * The first question on a connection goes through the list of all connections inside a message; from then on
 * the parser tells of each beginning, so that no client can make us walk that list again and again.
 */
export function hasBegunMessage(socket: Duplex, known: MessageState | null): MessageState {
  if (known) return known;
  const { parser, server } = socket as unknown as { parser?: Parser | null; server?: Server };
  const state = { begun: false };
  const slot = usable.messageBegin ? parser?.constructor.kOnMessageBegin : undefined;
  if (!parser || slot === undefined) return state;
  state.begun = findConnectionsList(server)?.active().includes(parser) ?? false;
  // Node empties the slot when the parser goes back to its pool (cleanParser).
  parser[slot] = () => {
    state.begun = true;
  };
  return state;
}

/**
 * The sockets on which an HTTP/1 server waits for requests or answers them, and whether it is in the middle of an
 * exchange on each. Empty where a Node keeps no such list.
 */
export function listOpenSockets(server: Server): { socket: Socket; isBusy: boolean }[] {
  const list = findConnectionsList(server);
  if (list === undefined) return [];
  const active = new Set(list.active());
  return list.all().flatMap((parser) => {
    const { socket } = parser as { socket?: Socket & { _httpMessage?: unknown } };
    if (!socket) return [];
    // Node counts a connection as active before its first byte too, so that it may time out.
    const isReading = socket.bytesRead > 0 && active.has(parser);
    return [{ socket, isBusy: isReading || Boolean(socket._httpMessage) }];
  });
}

function findConnectionsList(server: Server | undefined): ConnectionsList | undefined {
  if (!server || !usable.connectionsList) return undefined;
  const list = findOwnSymbol(server, 'http.server.connections') as ConnectionsList | undefined;
  // Runtimes other than Node have something else under that name.
  return typeof list?.all === 'function' && typeof list.active === 'function' ? list : undefined;
}
