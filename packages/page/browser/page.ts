import { Api, TokenRefusedError } from './page/api.ts';
import { Live } from './page/live.ts';
import { byId } from './page/rows.ts';
import { forgetToken, keepToken, knownToken } from './page/token.ts';
import { askToken, showView } from './page/view.ts';

const wake = new EventTarget();
const wakeUp = () => wake.dispatchEvent(new Event('wake'));

byId('retry').addEventListener('click', wakeUp);
addEventListener('online', wakeUp);
addEventListener('hashchange', () => location.reload());
byId('forget').addEventListener('click', () => {
  forgetToken();
  location.reload();
});

await start();

/** Tries without a token too: a server that wants none answers at once. */
async function start(): Promise<never> {
  const live = new Live(wake);
  for (;;) {
    const token = knownToken();
    showView('connecting');
    try {
      await live.run(new Api(token), pageHidden());
      await pageVisible();
    } catch (error) {
      if (!(error instanceof TokenRefusedError)) throw error;
      forgetToken();
      keepToken(await askToken(token === undefined ? '' : 'The server did not take this token.'));
    }
  }
}

/** Fires when nobody looks: a hidden tab then moves no bytes. */
function pageHidden(): AbortSignal {
  const hidden = new AbortController();
  const check = () => {
    if (document.visibilityState === 'hidden') hidden.abort();
  };
  document.addEventListener('visibilitychange', check, { signal: hidden.signal });
  check();
  return hidden.signal;
}

async function pageVisible(): Promise<void> {
  while (document.visibilityState === 'hidden') {
    await new Promise((resolve) => document.addEventListener('visibilitychange', resolve, { once: true }));
  }
}
