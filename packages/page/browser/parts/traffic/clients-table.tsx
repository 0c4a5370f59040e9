import { usePage } from '../../state/page-context.ts';
import { BytesCell, RateCell, ShareCell } from '../elements/cells.tsx';
import { ViewLink } from '../elements/view-link.tsx';

const shownAtFirst = 20;

/** Those who moved most, where the service tells its clients apart. On a master clients are nodes, which have a table of their own. */
export function ClientsTable() {
  const { model, address, go } = usePage();
  const clients = model.bandwidth?.clients ?? [];
  if (clients.length === 0 || model.service?.hasScheduler) return null;
  const sorted = [...clients].sort((a, b) => b.in + b.out - (a.in + a.out));
  const shown = address.showsAll ? sorted : sorted.slice(0, shownAtFirst);
  const all = sorted.reduce((sum, client) => sum + client.in + client.out, 0);
  return (
    <section class="card" aria-labelledby="clients-title">
      <div class="title">
        <h2 id="clients-title">Clients</h2>
      </div>
      <table class="list clients" id="clients">
        <thead>
          <tr>
            <th scope="col">Client</th>
            {['In', 'Out', 'Rate', 'Share of all clients'].map((name) => (
              <th scope="col" class="number" key={name}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map(({ client, ...moved }) => (
            <tr key={client}>
              <th scope="row">
                <ViewLink view={{ name: 'client', client }}>
                  <code>{client}</code>
                </ViewLink>
              </th>
              <BytesCell label="In" bytes={moved.in} />
              <BytesCell label="Out" bytes={moved.out} />
              <RateCell rate={model.rates?.clients.get(client)} />
              <ShareCell label="Share" part={moved.in + moved.out} of={all} />
            </tr>
          ))}
        </tbody>
      </table>
      {sorted.length > shown.length && (
        <button type="button" onClick={() => go({ ...address, showsAll: true }, true)}>
          Show all {sorted.length}
        </button>
      )}
    </section>
  );
}
