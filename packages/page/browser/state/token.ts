const key = 'weighbridge-token';

/** The token that this tab knows: from the address's `#token=`, which is then removed, or from before. */
export function findToken(): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given !== null) {
    // Else it stays in the history, in bookmarks and on the screen.
    history.replaceState(null, '', location.pathname + location.search);
    keepToken(given);
  }
  return sessionStorage.getItem(key) || undefined;
}

/** Keeps the token for this tab, until it is closed. */
export function keepToken(token: string): void {
  sessionStorage.setItem(key, token.trim());
}

/** Forgets it. */
export function forgetToken(): void {
  sessionStorage.removeItem(key);
}
