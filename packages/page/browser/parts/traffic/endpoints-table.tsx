import { formatBytes, formatExact } from '../../format.ts';
import { usePage } from '../../state/page-context.ts';
import { BytesCell, CountCell, RateCell, ShareCell } from '../elements/cells.tsx';
import { ChunkedRows } from '../elements/chunked-rows.tsx';
import { SortHeader } from '../elements/sort-header.tsx';
import { ViewLink } from '../elements/view-link.tsx';
import { type EndpointLine, toEndpointLines } from './endpoint-lines.ts';

/** More would make each second slow, and nobody reads so many. */
const shownAtFirst = 100;

/** The table of endpoints: the busiest hundred, idle ones and the page's own folded away. */
export function EndpointsTable() {
  const { model, address, go } = usePage();
  const { bandwidth } = model;
  if (!bandwidth) return null;
  const found = toEndpointLines(bandwidth, model.rates, address.sort, address.filter);
  const notOwn = address.withOwn ? found : found.filter(({ endpoint }) => !model.isOwn(endpoint));
  const busy = notOwn.filter((line) => line.in + line.out > 0);
  const wanted = address.withIdle ? notOwn : busy;
  const lines = address.showsAll ? wanted : wanted.slice(0, shownAtFirst);
  const own = model.sumOwn(bandwidth);
  const all = bandwidth.connection.in + bandwidth.connection.out - (address.withOwn ? 0 : own.in + own.out);
  const isEmpty = bandwidth.endpoints.every(({ requestBytes, responseBytes }) => requestBytes + responseBytes === 0);
  return (
    <section class="card" aria-labelledby="endpoints-title">
      <div class="title">
        <h2 id="endpoints-title">Endpoints</h2>
        <input
          type="search"
          id="filter"
          aria-label="Filter endpoints by text"
          placeholder="Filter"
          value={address.filter}
          onInput={(event) => go({ ...address, filter: event.currentTarget.value }, true)}
        />
        {notOwn.length > busy.length && (
          <button
            type="button"
            class="quiet"
            id="idle"
            aria-pressed={address.withIdle}
            onClick={() => go({ ...address, withIdle: !address.withIdle }, true)}
          >
            {address.withIdle ? 'Hide' : 'Show'} {formatExact(notOwn.length - busy.length)} idle
          </button>
        )}
      </div>
      {lines.length > 0 && (
        <table class="list endpoints" id="endpoints">
          <thead>
            <tr>
              <SortHeader column="name" isNumber={false}>
                Endpoint
              </SortHeader>
              <SortHeader column="in">In</SortHeader>
              <SortHeader column="out">Out</SortHeader>
              <SortHeader column="rate">Rate</SortHeader>
              <SortHeader column="share">Share</SortHeader>
              <SortHeader column="exchanges">Exchanges</SortHeader>
            </tr>
          </thead>
          <ChunkedRows lines={lines}>{(line) => <EndpointRow key={line.key} line={line} all={all} />}</ChunkedRows>
        </table>
      )}
      {isEmpty && <p class="empty">No exchange yet. Send a request, and its bytes stand here.</p>}
      {!isEmpty && lines.length === 0 && <p class="empty">No endpoint matches the filter.</p>}
      {wanted.length > lines.length && (
        <button type="button" id="all" onClick={() => go({ ...address, showsAll: true }, true)}>
          Show all {formatExact(wanted.length)}
        </button>
      )}
      {model.service && model.service.ownEndpoints.length > 0 && (
        <p class="aside" id="own">
          {address.withOwn ? 'This page itself has moved' : "This page's own traffic is left out:"}{' '}
          {formatBytes(own.in + own.out)}
          {address.withOwn ? ', which is shown here. ' : '. '}
          {model.service.hasScheduler && 'What it asks of jobs, nodes and queues stands with what others ask. '}
          <button type="button" class="quiet" onClick={() => go({ ...address, withOwn: !address.withOwn }, true)}>
            {address.withOwn ? 'Leave it out' : 'Show it'}
          </button>
        </p>
      )}
    </section>
  );
}

function EndpointRow({ line, all }: { readonly line: EndpointLine; readonly all: number }) {
  const { method, endpoint } = line;
  return (
    <tr>
      <th scope="row">
        <ViewLink view={{ name: 'endpoint', method, endpoint }}>
          <span class="method">{method}</span> <code>{endpoint}</code>
        </ViewLink>
      </th>
      <BytesCell label="In" bytes={line.in} />
      <BytesCell label="Out" bytes={line.out} />
      <RateCell rate={line.rate} />
      <ShareCell label="Share" part={line.in + line.out} of={all} />
      <CountCell label="Exchanges" count={line.exchanges} />
    </tr>
  );
}
