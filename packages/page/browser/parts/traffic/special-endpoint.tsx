const meanings: Record<string, readonly [meaning: string, change: string]> = {
  _other: [
    'All endpoints past the cap on series. The busiest get a series of their own within ten seconds, as long as there is room.',
    'Raise maxEndpoints of monitorBandwidth(), or WEIGHBRIDGE_MAX_ENDPOINTS with --import.',
  ],
  _unrouted: [
    "Requests whose route's template is not known: no framework that the monitor knows has named it.",
    "Name templates: WEIGHBRIDGE_ENDPOINTS='/users/:id /files/*', the options endpoints or endpointOf, or setEndpoint(request, '/users/:id').",
  ],
  _unmatched: ['Requests that no route took: they were answered with 404 or 405.', 'Nothing needs to be changed.'],
};

/** What an endpoint means that the monitor itself has named, and how to change it; nothing for others. */
export function SpecialEndpoint({ endpoint }: { readonly endpoint: string }) {
  const [meaning, change] = meanings[endpoint] ?? [];
  if (meaning === undefined) return null;
  return (
    <section class="card explained" aria-label={`What ${endpoint} means`}>
      <p>{meaning}</p>
      <p class="aside">{change}</p>
    </section>
  );
}
