import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Address } from './address.ts';
import type { Api } from './api.ts';
import type { Model } from './model.ts';

/** What every part of the page works with. */
export interface PageContext {
  readonly model: Model;
  readonly address: Address;
  readonly api: Api;
  /** Shows another address; `replace`: without a step in the browser's history. */
  go(address: Address, replace?: boolean): void;
  /** The server wants another token. */
  refused(): void;
  /** Draws again: the model has changed. */
  redraw(): void;
  /** Fires when the reader or the network asks for a try at once. */
  readonly wake: EventTarget;
}

export const PageContextProvider = createContext<PageContext | undefined>(undefined);

export function usePage(): PageContext {
  const page = useContext(PageContextProvider);
  if (!page) throw new Error('a part of the page stands outside of it');
  return page;
}
