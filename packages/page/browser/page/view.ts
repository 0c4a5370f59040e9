import { formatTime } from './format.ts';
import { byId, setText } from './rows.ts';

/** What the page is doing: asking for a token, waiting for the first figures, showing them, or showing old ones. */
export type View = 'ask' | 'connecting' | 'live' | 'lost';

/** Switches the page between its views; CSS does the rest by `data-view`. */
export function showView(view: View): void {
  document.body.dataset.view = view;
  byId('ask').hidden = view !== 'ask';
  byId('figures').hidden = view === 'ask';
  byId('lost').hidden = view !== 'lost';
  byId('forget').hidden = view === 'ask';
  byId('figures').inert = view === 'ask';
  byId('figures').ariaBusy = String(view === 'connecting');
  const status = { ask: 'Locked', connecting: 'Connecting', live: 'Live', lost: 'Not live' }[view];
  setText(byId('status'), status);
  if (view !== 'live') document.title = `${status} · Weighbridge`;
}

/** Says that the figures are old, and why. */
export function showLost(why: string, retryMs: number, lastAt: string | undefined): void {
  showView('lost');
  setText(byId('lost-why'), `${why} Trying again in ${retryMs / 1000} s.`);
  const since = lastAt === undefined ? '' : `The figures are those of ${formatTime(new Date(lastAt))}.`;
  setText(byId('lost-since'), since);
}

/** Asks for the token; resolves to it. `complaint`: what was wrong with the last one. */
export function askToken(complaint: string): Promise<string> {
  showView('ask');
  const field = byId<HTMLInputElement>('token');
  const form = byId<HTMLFormElement>('token-form');
  setText(byId('token-error'), complaint);
  field.ariaInvalid = String(complaint !== '');
  field.value = '';
  field.focus();
  return new Promise((resolve) => {
    form.onsubmit = (event) => {
      event.preventDefault();
      if (field.value.trim() !== '') resolve(field.value);
    };
  });
}
