// The label is the tenant's name, never the key: metrics are read by many.
const tenants = new Map([
  ['k-acme', 'acme'],
  ['k-zenith', 'zenith'],
]);

/** The tenant of a request of Node's, by its API key; `undefined` for a key that nobody has. */
export const tenantOf = (request) => tenants.get(request.headers['x-api-key']);
