/** Bytes by tenant: those of ended exchanges summed, those of open ones read as they stand. */
export class Meter {
  #tenants = new Map();

  /** `bytes` is what `bytesOf(request)` gave: it grows until it has `ended`. */
  add(tenant, bytes) {
    if (!this.#tenants.has(tenant)) this.#tenants.set(tenant, { in: 0, out: 0, open: new Set() });
    const account = this.#tenants.get(tenant);
    settle(account);
    account.open.add(bytes);
  }

  bill() {
    return Object.fromEntries([...this.#tenants].map(([tenant, account]) => [tenant, total(account)]));
  }
}

/** Sums up what has ended, so that only open exchanges are kept. */
function settle(account) {
  for (const bytes of account.open) {
    if (!bytes.ended) continue;
    account.in += bytes.in;
    account.out += bytes.out;
    account.open.delete(bytes);
  }
}

function total(account) {
  settle(account);
  const sum = { in: account.in, out: account.out };
  for (const bytes of account.open) {
    sum.in += bytes.in;
    sum.out += bytes.out;
  }
  return sum;
}
