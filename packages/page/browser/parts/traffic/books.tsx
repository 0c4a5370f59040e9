import { formatExact } from '../../format.ts';
import { usePage } from '../../state/page-context.ts';
import { ViewLink } from '../elements/view-link.tsx';
import { describeBalance } from './balance.ts';

const columns = [
  ['connection', 'Connection'],
  ['endpointsTotal', 'Endpoints'],
  ['unattributed', 'Unattributed'],
  ['pending', 'Pending'],
] as const;

/** connection = endpoints + unattributed + pending, every digit, and whether it holds. */
export function Books() {
  const { bandwidth } = usePage().model;
  const balance = bandwidth && describeBalance(bandwidth);
  return (
    <section class="card" aria-labelledby="books-title">
      <div class="title">
        <h2 id="books-title">The books</h2>
        {balance && (
          <p class="badge" id="balance" data-look={balance.balanced ? 'good' : 'bad'}>
            {balance.text}
          </p>
        )}
      </div>
      <table class="books" id="books">
        <thead>
          <tr>
            <td />
            {columns.map(([name, label]) => (
              <th scope="col" key={name}>
                {name === 'unattributed' ? <ViewLink view={{ name }}>{label}</ViewLink> : label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {(['in', 'out'] as const).map((way) => (
            <tr class={way} key={way}>
              <th scope="row">{way === 'in' ? 'In' : 'Out'}</th>
              {columns.map(([name, label]) => (
                <td data-label={label} key={name}>
                  {bandwidth ? formatExact(bandwidth[name][way]) : '–'}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
