import type { Bandwidth } from '@weighbridge/protocol';
import { type Column, type EndpointLine, endpointLines, type Order } from './endpoint-lines.ts';
import { formatBytes, formatExact, formatRate, formatShare } from './format.ts';
import type { Rates } from './rate.ts';
import { byId, Rows, setText } from './rows.ts';

/** The table of endpoints: sorted by the column that the reader chose, idle ones folded away. */
export class EndpointTable {
  readonly #rows = new Rows<EndpointLine>('endpoints', 'endpoint-row', (line) => line.key, endpointFields);
  readonly #idle = byId<HTMLButtonElement>('idle');
  readonly #headers = byId('endpoints').querySelectorAll<HTMLButtonElement>('button[data-sort]');
  #order: Order = { by: 'share', descending: true };
  #withIdle = false;
  #last: [Bandwidth, Rates | undefined] | undefined;

  constructor() {
    for (const header of this.#headers)
      header.addEventListener('click', () => this.#sortBy(header.dataset.sort as Column));
    this.#idle.addEventListener('click', () => {
      this.#withIdle = !this.#withIdle;
      this.#draw();
    });
  }

  show(bandwidth: Bandwidth, rates: Rates | undefined): void {
    this.#last = [bandwidth, rates];
    this.#draw();
  }

  #sortBy(by: Column): void {
    const same = this.#order.by === by;
    this.#order = { by, descending: same ? !this.#order.descending : by !== 'name' };
    for (const { dataset, parentElement } of this.#headers) {
      if (dataset.sort === by)
        parentElement?.setAttribute('aria-sort', this.#order.descending ? 'descending' : 'ascending');
      else parentElement?.removeAttribute('aria-sort');
    }
    this.#draw();
  }

  #draw(): void {
    if (!this.#last) return;
    const lines = endpointLines(...this.#last, this.#order);
    const busy = lines.filter((line) => line.in + line.out > 0);
    const shown = this.#withIdle ? lines : busy;
    this.#rows.show(shown);
    byId('endpoints').hidden = shown.length === 0;
    byId('endpoints-empty').hidden = shown.length > 0;
    this.#showToggle(lines.length - busy.length);
  }

  #showToggle(idle: number): void {
    this.#idle.hidden = idle === 0;
    this.#idle.setAttribute('aria-pressed', String(this.#withIdle));
    setText(this.#idle, this.#withIdle ? 'Hide those without traffic' : `Show ${idle} without traffic`);
  }
}

function endpointFields(line: EndpointLine) {
  return {
    method: { text: line.method, look: line.method },
    endpoint: line.endpoint,
    in: { text: formatBytes(line.in), title: `${formatExact(line.in)} bytes` },
    out: { text: formatBytes(line.out), title: `${formatExact(line.out)} bytes` },
    rate: { text: formatRate(line.rate), look: line.rate ? 'busy' : 'idle' },
    share: formatShare(line.share, 1),
    bar: { text: '', fill: line.share },
    exchanges: formatExact(line.exchanges),
  };
}
