import type { ComponentChildren } from 'preact';
import { LostNotice, TokenForm } from './parts/elements/notices.tsx';
import { ViewLink } from './parts/elements/view-link.tsx';
import { usePage } from './state/page-context.ts';
import { ClientView } from './views/client-view.tsx';
import { EndpointView } from './views/endpoint-view.tsx';
import { JobView } from './views/job-view.tsx';
import { NodeView } from './views/node-view.tsx';
import { Overview } from './views/overview.tsx';
import { QueueView } from './views/queue-view.tsx';
import { UnattributedView } from './views/unattributed-view.tsx';

const statusWords = { ask: 'Locked', connecting: 'Connecting', live: 'Live', lost: 'Not live' };

interface PageFrameProps {
  readonly hasToken: boolean;
  readonly onToken: (token: string) => void;
  readonly onForget: () => void;
  readonly onRetry: () => void;
}

/** Head, notices, and the view that the address names. */
export function PageFrame({ hasToken, onToken, onForget, onRetry }: PageFrameProps) {
  const { model } = usePage();
  const { status, service } = model;
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <h1>
          <img src="/page/icon.svg" alt="" width={28} height={28} />
          <ViewLink view={{ name: 'overview' }}>Weighbridge</ViewLink>
          {service && <span class="service">{service.name}</span>}
        </h1>
        <p class="status" id="status" role="status">
          {statusWords[status.name]}
        </p>
        {hasToken && status.name !== 'ask' && (
          <button type="button" class="quiet" id="forget" onClick={onForget}>
            Forget the token
          </button>
        )}
      </header>
      <main id="main" tabIndex={-1}>
        {status.name === 'lost' && <LostNotice status={status} lastAt={model.bandwidth?.at} onRetry={onRetry} />}
        {status.name === 'ask' ? <TokenForm complaint={status.complaint} onToken={onToken} /> : <Content />}
      </main>
    </>
  );
}

function Content(): ComponentChildren {
  const { model, address } = usePage();
  return (
    <div id="content" aria-busy={model.status.name === 'connecting'}>
      <CurrentView key={JSON.stringify(address.view)} />
    </div>
  );
}

function CurrentView(): ComponentChildren {
  const { view } = usePage().address;
  switch (view.name) {
    case 'overview':
      return <Overview />;
    case 'endpoint':
      return <EndpointView method={view.method} endpoint={view.endpoint} />;
    case 'client':
      return <ClientView client={view.client} />;
    case 'node':
      return <NodeView node={view.node} />;
    case 'job':
      return <JobView job={view.job} />;
    case 'queue':
      return <QueueView queue={view.queue} />;
    case 'unattributed':
      return <UnattributedView />;
  }
}
