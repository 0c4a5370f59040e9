/** One deliberate fault: text of a source file and what stands there instead. */
export interface Fault {
  readonly name: string;
  /** Below `packages/monitor/src`. */
  readonly file: string;
  /** Occurs once in the file. */
  readonly from: string;
  readonly to: string;
}

const table = 'ledger/endpoint-table.ts';
const collect = 'export/collect.ts';
const capture = 'capture/capture.ts';
const open = 'capture/open-connections.ts';
const http2Sharing = 'capture/protocols/http2/http2-sharing.ts';
const http2Flow = 'capture/protocols/http2/http2-flow.ts';
const http2Session = 'capture/protocols/http2/http2-session.ts';
const http2 = 'capture/protocols/http2/http2.ts';
const http2Stream = 'capture/protocols/http2/http2-stream.ts';
const http2Hooks = 'capture/protocols/http2/http2-hooks.ts';
const hpack = 'capture/protocols/http2/hpack-size.ts';
const http1 = 'capture/protocols/http1/http1.ts';
const tls = 'capture/protocols/tls.ts';
const account = 'accounts/connection-account.ts';
const connection = 'capture/sockets/connection.ts';

/** Each must make a test fail: `npm run mutants` tries. */
export const faults: readonly Fault[] = [
  // Bounds
  {
    name: 'any number of endpoints',
    file: table,
    from: 'this.#busy < this.#maxAtOnce',
    to: 'this.#busy >= 0',
  },
  {
    name: 'one endpoint more than the cap',
    file: table,
    from: 'this.#busy + this.#idle.length >= this.#maxEndpoints',
    to: 'this.#busy + this.#idle.length > this.#maxEndpoints',
  },
  {
    name: 'the kept places are for whoever comes',
    file: table,
    from: 'recent * (free + 1) <= this.#recentBytes',
    to: 'false',
  },
  { name: 'nobody gets a kept place', file: table, from: 'if (free === 0 ||', to: 'if (free >= 0 ||' },
  {
    name: 'listed routes take all places',
    file: table,
    from: 'this.#maxEndpoints * listedPart',
    to: 'this.#maxEndpoints',
  },
  {
    name: 'any number of statuses',
    file: table,
    from: 'series.responses.size >= maxStatuses',
    to: 'series.responses.size < 0',
  },
  { name: 'any method as a label', file: table, from: 'knownMethods.has(method) ? method : other', to: 'method' },
  {
    name: 'endpoints past the cap are not counted',
    file: table,
    from: 'this.overflowed++;\n    if (!this.#isCapMet)',
    to: 'if (!this.#isCapMet)',
  },
  {
    name: 'statuses past the cap are not counted',
    file: table,
    from: 'this.overflowed++;\n      label = other;',
    to: 'label = other;',
  },
  {
    name: 'templates of any length',
    file: 'routes/endpoint.ts',
    from: "known.length <= maxTemplateLength ? known : '_other'",
    to: 'known',
  },
  {
    name: 'a parameter takes an empty segment',
    file: 'routes/endpoint-templates.ts',
    from: "at.parameter && segment !== ''",
    to: 'at.parameter',
  },
  {
    name: 'the framework goes before what the owner says',
    file: 'routes/endpoint.ts',
    from: 'choices.endpointOf?.(request) ??\n    choices.findListed?.(exchange.url) ??',
    to: 'choices.findListed?.(exchange.url) ??\n    choices.endpointOf?.(request) ??',
  },
  {
    name: 'requests without a template are told of each time',
    file: 'monitor.ts',
    from: 'if (this.#hasAdvised) return;',
    to: '',
  },
  {
    name: 'a registry is joined beside another that is served',
    file: 'preload/join-registries.ts',
    from: 'else if (!this.#isServed)',
    to: 'else if (this.#sign)',
  },
  {
    name: 'the default registry is never left',
    file: 'preload/join-registries.ts',
    from: 'if (isFirst && isBesideAnother && this.#kept.has(registry))',
    to: 'if (isFirst && isBesideAnother && !this.#kept)',
  },
  {
    name: 'what a merged registry was made of is not joined',
    file: 'preload/join-registries.ts',
    from: 'if (source) this.#joinForGood',
    to: 'if (!source) this.#joinForGood',
  },
  {
    name: 'no further port is tried',
    file: 'aggregate/machine.ts',
    from: 'port === 0 ? first : port + furtherPorts',
    to: 'port === 0 ? first : first',
  },
  {
    name: 'names of clients of any length',
    file: 'ledger/clients.ts',
    from: 'name.length > maxNameLength',
    to: "name === ''",
  },
  { name: 'the worst case is told too low', file: 'export/cost.ts', from: '(maxStatuses + 1)', to: 'maxStatuses' },
  {
    name: 'more than a thousand readings a turn',
    file: 'capture/unsent-queue.ts',
    from: 'splice(0, mostPerTurn)',
    to: 'splice(0)',
  },
  {
    name: 'the newest reading first',
    file: 'capture/unsent-queue.ts',
    from: 'this.#items.push(item)',
    to: 'this.#items.unshift(item)',
  },
  // Histograms
  ...[1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9].flatMap((bound): Fault[] => {
    const text = `1e${Math.log10(bound)}`;
    const file = 'ledger/histogram.ts';
    // The first of each name decides which half is searched; its own bound is the one in the `?`.
    const own = ['1e4', '1e6', '1e8'].includes(text) ? `if (bytes <= ${text})` : `bytes <= ${text} ?`;
    return [
      { name: `the bucket up to ${text} ends below its bound`, file, from: own, to: own.replace('<=', '<') },
      {
        name: `the bucket up to ${text} ends above its bound`,
        file,
        from: own,
        to: own.replace(text, `${text} + 1`),
      },
    ];
  }),
  { name: 'the label of a bucket is wrong', file: 'ledger/histogram.ts', from: '1e7, 1e8, 1e9]', to: '1e7, 2e8, 1e9]' },
  // The exposition
  {
    name: 'pending swapped',
    file: collect,
    from: 'byDirection(totals.pending)',
    to: 'byDirection({ in: totals.pending.out, out: totals.pending.in })',
  },
  {
    name: 'unattributed swapped',
    file: collect,
    from: 'byDirection(ledger.unattributed[reason], {}, { reason })',
    to: 'byDirection({ in: ledger.unattributed[reason].out, out: ledger.unattributed[reason].in }, {}, { reason })',
  },
  {
    name: 'unattributed without its last reason',
    file: collect,
    from: 'unattributedReasons.flatMap',
    to: 'unattributedReasons.slice(0, -1).flatMap',
  },
  { name: 'aborted is 0', file: collect, from: '({ owner }) => owner.aborted', to: '() => 0' },
  { name: 'overflowed is 0', file: collect, from: 'sample({}, ledger.endpoints.overflowed)', to: 'sample({}, 0)' },
  { name: 'errors are 0', file: collect, from: 'sample({}, ledger.errors)', to: 'sample({}, 0)' },
  {
    name: 'in flight are the connections',
    file: collect,
    from: 'sample({}, totals.exchanges)',
    to: 'sample({}, totals.connections)',
  },
  // Labels
  {
    name: 'no 405 among what is not matched',
    file: 'routes/endpoint.ts',
    from: ' || response.statusCode === 405',
    to: '',
  },
  {
    name: 'labels that change under way',
    file: account,
    from: 'if (own.series === null && !this.#findSeries(exchange, own, isFinal)) return;',
    to: 'if (!this.#findSeries(exchange, own, isFinal)) return;',
  },
  { name: 'the method as rewritten', file: account, from: 'exchange.method', to: '(request.method as string)' },
  {
    name: 'any status at the first byte',
    file: account,
    from: '!response.headersSent && !isFinal',
    to: 'isFinal && false',
  },
  // Readings
  {
    name: 'no reading by the clock',
    file: open,
    from: 'void this.sampleInTurns(), intervalMs',
    to: 'undefined, intervalMs',
  },
  {
    name: 'a snapshot of a thousand connections at most',
    file: open,
    from: 'this.#sampleBelow(this.#all.length, this.#all.length)',
    to: 'this.#sampleBelow(this.#all.length, mostPerTurn)',
  },
  { name: 'no reading of unsent output', file: open, from: 'if (open.isOpen) this.#unsent.add(open);', to: '' },
  {
    name: 'a failed write counts whole',
    file: connection,
    from: 'hasFailedWrite(this.writer) ||',
    to: '',
  },
  {
    name: 'a write beneath the socket that failed counts whole',
    file: connection,
    from: '!this.hasUnsent && isReset(this.socket)',
    to: 'this.isRefused',
  },
  // HTTP/2
  {
    name: 'HTTP/2: DATA that waits is counted as sent',
    file: http2Stream,
    from: 'this.#submitted - this.#waiting',
    to: 'this.#submitted',
  },
  {
    name: 'HTTP/2: a stream that was cut off is counted as if it had been sent',
    file: http2Stream,
    from: 'this.sent.most = Math.max(this.sent.data, bytes);',
    to: '',
  },
  { name: 'HTTP/2: Node is not asked how much was sent', file: http2, from: 'sentBytes.ask(', to: 'void (' },
  {
    name: 'HTTP/2: a stream that the peer closed with NO_ERROR is kept',
    file: http2Stream,
    from: 'this.stream.closed && this.#isGone',
    to: 'this.stream.closed && this.isDone',
  },
  {
    name: 'HTTP/2: several writes under way share by halves',
    file: http2Sharing,
    from: 'crossed - (uncertain - own)',
    to: 'Math.floor((crossed * own) / uncertain)',
  },
  {
    name: 'HTTP/2: windows are no limit',
    file: http2Flow,
    from: 'Math.min(this.most, this.window)',
    to: 'this.most',
  },
  {
    name: 'HTTP/2: a stream ends before its bytes have left',
    file: http2,
    from: 'sent.pendingFrames > 0 && this.#flow.hasUnsent',
    to: 'sent.pendingData < 0',
  },
  {
    name: 'HTTP/2: a code makes an abort',
    file: http2Stream,
    from: 'if (!headersSent || aborted',
    to: 'if (rstCode !== 0 || aborted',
  },
  {
    name: 'HTTP/2: a request cut off by the server is whole',
    file: http2Hooks,
    from: 'hooks.wasCompleteAtClose ??= isRequestComplete(this as unknown as ServerHttp2Stream);',
    to: '',
  },
  {
    name: 'HTTP/2: pushed streams are not counted',
    file: http2Hooks,
    from: 'if (!error) hooks.listener.onPush(',
    to: 'if (error) hooks.listener.onPush(',
  },
  {
    name: 'HTTP/2: what Node has yet to tell belongs to the session',
    file: http2,
    from: 'if (this.#sharing.share(false) > 0) this.#sampleLater();',
    to: "this.#sharing.attributeSession('in', this.#sharing.share(false));",
  },
  {
    name: 'HTTP/2: heads are not compressed',
    file: hpack,
    from: 'if (!isLiteral) this.#insert(name, value, size);',
    to: '',
  },
  { name: 'HTTP/2: pings belong to streams', file: http2Session, from: 'this.out.overhead += pingFrame;', to: '' },
  {
    name: 'HTTP/2: early hints have no length',
    file: http2Stream,
    from: 'while (this.#informed < informed.length)',
    to: 'while (this.#informed > informed.length)',
  },
  {
    name: 'a write refused at once counts whole',
    file: 'capture/open-connection.ts',
    from: 'this.connection.refuse(bytes)',
    to: 'this.connection.read()',
  },
  { name: 'what is queued counts as sent', file: connection, from: ' - unsentBytes(counters)', to: '' },
  {
    name: 'getters that count what is queued',
    file: 'capture/sockets/counters.ts',
    from: 'return this.#socket.writableLength;',
    to: 'return 0;',
  },
  {
    name: 'getters that read nothing',
    file: 'capture/sockets/counters.ts',
    from: 'return this.#socket.bytesRead;',
    to: 'return 0;',
  },
  {
    name: 'streams without counts of what they read',
    file: 'capture/sockets/counters.ts',
    from: 'this.bytesRead += chunkLength',
    to: 'void chunkLength',
  },
  {
    name: 'a handle that is taken goes unnoticed',
    file: connection,
    from: 'this.#handle === null || this.socket.destroyed',
    to: 'this.#handle !== undefined',
  },
  {
    name: 'destroyed sockets are admitted',
    file: capture,
    from: 'known !== undefined || socket.destroyed || raw.destroyed',
    to: 'known !== undefined',
  },
  { name: 'no base readings', file: 'capture/sockets/door.ts', from: 'counters.bytesRead - before', to: '0' },
  {
    name: 'what was put back by unshift is of before',
    file: 'capture/sockets/door.ts',
    from: "start === 'now' ? raw.readableLength",
    to: "start === 'now' ? 0",
  },
  // Attribution
  {
    name: 'lengths of a rewritten request',
    file: http1,
    from: 'return messageLength(this.request as IncomingMessage, this.lineLength);',
    to: 'return messageLength(this.request as IncomingMessage, requestLineLength(this.request as IncomingMessage));',
  },
  {
    name: 'a response under way when counting began is the next one',
    file: http1,
    from: 'this.#hasUnknown = hasUnknown;',
    to: 'this.#hasUnknown = false && hasUnknown;',
  },
  {
    name: 'an early answer keeps what follows',
    file: http1,
    from: 'this.#defer(() => this.#endIfComplete(request))',
    to: 'undefined',
  },
  {
    name: 'output behind an upgrade is of before',
    file: http1,
    from: 'this.#flow.submitted ?? Number.POSITIVE_INFINITY',
    to: 'Number.POSITIVE_INFINITY',
  },
  {
    name: 'aborted downloads are whole',
    file: http1,
    from: 'exchange.isAborted || flow.isRefused',
    to: 'flow.isRefused',
  },
  {
    name: 'no TLS overhead of what is received',
    file: tls,
    from: 'overheadIn - this.#overheadIn, connection.out',
    to: '0, connection.out',
  },
  {
    name: 'TLS overhead of a record half received',
    file: tls,
    from: 'this.#countOverhead(false)',
    to: 'this.#countOverhead(true)',
  },
  { name: 'tickets are of the first response', file: tls, from: 'this.#flow.handshakeOut += left;', to: '' },
  {
    name: 'the first request is of the handshake',
    file: tls,
    from: 'const isTogether = connection.in === this.#securedAt;',
    to: 'const isTogether = false;',
  },
  {
    name: 'a malformed request that the application answers is idle',
    file: 'capture/sockets/server-listeners.ts',
    from: "['clientError', onError],",
    to: '',
  },
  // Several monitors, and the end
  {
    name: 'a late monitor gets what was before',
    file: account,
    from: 'this.#foreignIn = pendingIn;',
    to: 'this.#foreignIn = 0 * pendingIn;',
  },
  {
    name: 'a late monitor knows no open connections',
    file: capture,
    from: 'for (const participant of this.#participants) this.#joinOpen(participant, open);',
    to: 'open.attribution.sample();',
  },
  {
    name: 'listeners stay when the last monitor leaves',
    file: 'capture/watched-servers.ts',
    from: 'this.#listeners.get(server)?.remove()',
    to: 'this.#listeners.get(server)',
  },
  {
    name: 'listeners that were removed stay away',
    file: 'capture/watched-servers.ts',
    from: 'this.#listeners.get(server)?.restore()',
    to: 'this.#listeners.get(server)',
  },
  {
    name: 'an upgrade listener of ours stays alone',
    file: 'capture/sockets/server-listeners.ts',
    from: 'left.length === 1 && left[0] === ours',
    to: 'left.length === 0',
  },
  {
    name: 'an ended exchange keeps its request',
    file: 'capture/exchange.ts',
    from: '    this.request = null;\n    this.response = null;\n',
    to: '',
  },
  {
    name: 'requests are not known by their bytes',
    file: 'capture/exchange.ts',
    from: '(this.holder as Holder)[bytesKey] = this.#bytes;',
    to: '',
  },
  {
    name: 'the ledger takes anything',
    file: 'ledger/ledger.ts',
    from: 'return bytes >= 0 && bytes < Number.POSITIVE_INFINITY;',
    to: 'return bytes !== null;',
  },
  {
    name: 'another major version is shared',
    file: 'capture/process-capture.ts',
    from: 'version === undefined || version === captureVersion',
    to: 'version !== 0',
  },
  {
    name: 'a fault of ours reaches the request',
    file: capture,
    from: 'open.attribution.begin(request, response);\n    } catch (error) {\n      this.onFault(error);',
    to: 'open.attribution.begin(request, response);\n    } catch (error) {\n      throw error;',
  },
  { name: 'unknown options are taken', file: 'options.ts', from: '  refuseUnknown(input);\n', to: '' },
];
