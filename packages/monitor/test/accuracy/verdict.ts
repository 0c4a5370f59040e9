import type { BandwidthSnapshot, EndpointSnapshot, ExchangeBytes } from '@weighbridge/monitor';
import { type Amount, addAmounts, type ExpectedExchange, type ExpectedRest, holds } from './scenario.ts';

/** What `bytesOf` gave for each request that a handler saw, by method and endpoint, in order. */
export type Seen = ReadonlyMap<string, readonly ExchangeBytes[]>;

/** Compares the monitor's books at rest with what the clients saw: one line for each contradiction. */
export function verdict(
  snapshot: BandwidthSnapshot,
  seen: Seen,
  exchanges: readonly ExpectedExchange[],
  rest: readonly ExpectedRest[],
): string[] {
  const groups = Map.groupBy(exchanges, keyOf);
  return [
    ...[...groups].flatMap(([key, group]) =>
      rowFaults(
        key,
        snapshot.endpoints.find((row) => keyOf(row) === key),
        group,
      ),
    ),
    ...[...groups].flatMap(([key, group]) => exchangeFaults(key, seen.get(key) ?? [], group)),
    ...snapshot.endpoints
      .filter((row) => !groups.has(keyOf(row)))
      .map((row) => `${keyOf(row)} was not expected: ${row.requestBytes} in, ${row.exchanges} exchanges`),
    ...restFaults(snapshot, rest),
    ...differs('pending in', 0, snapshot.pending.in),
    ...differs('pending out', 0, snapshot.pending.out),
    ...differs('open exchanges', 0, snapshot.open.exchanges),
    ...differs('open connections', 0, snapshot.open.connections),
  ];
}

function keyOf({ method, endpoint }: { method: string; endpoint: string }): string {
  return `${method} ${endpoint}`;
}

function rowFaults(key: string, row: EndpointSnapshot | undefined, group: readonly ExpectedExchange[]): string[] {
  if (!row) return [`${key} has no series`];
  const faults = [
    ...differs(`${key} in`, sum(group, 'in'), row.requestBytes),
    ...differs(`${key} exchanges`, group.length, row.exchanges),
    ...differs(`${key} aborted`, group.filter(({ aborted }) => aborted).length, row.aborted),
  ];
  const byStatus = Map.groupBy(group, ({ status }) => status);
  for (const [status, ended] of byStatus) {
    const response = row.responses.find((entry) => entry.status === status);
    faults.push(...differs(`${key} ${status} out`, sum(ended, 'out'), response?.bytes ?? -1));
    faults.push(...differs(`${key} ${status} exchanges`, ended.length, response?.exchanges ?? -1));
  }
  const surprises = row.responses.filter(({ status }) => !byStatus.has(status));
  return [...faults, ...surprises.map(({ status, bytes }) => `${key} has ${bytes} bytes of status ${status}`)];
}

/** Exchanges that no handler saw can't be asked for; their row holds them. */
function exchangeFaults(key: string, seen: readonly ExchangeBytes[], group: readonly ExpectedExchange[]): string[] {
  return seen.flatMap((bytes, index) => {
    const expected = group[index];
    if (!expected) return [`${key} was asked ${index + 1} times, expected were ${group.length}`];
    const name = `bytesOf ${key} #${index + 1}`;
    return [
      ...differs(`${name} in`, expected.in, bytes.in),
      ...differs(`${name} out`, expected.out, bytes.out),
      ...(bytes.ended ? [] : [`${name} has not ended`]),
    ];
  });
}

function restFaults(snapshot: BandwidthSnapshot, rest: readonly ExpectedRest[]): string[] {
  const byReason = Map.groupBy(rest, ({ reason }) => reason);
  return Object.entries(snapshot.unattributed).flatMap(([reason, entry]) => {
    const expected = byReason.get(reason as ExpectedRest['reason']) ?? [];
    return [
      ...differs(`unattributed ${reason} in`, sum(expected, 'in'), entry.in),
      ...differs(`unattributed ${reason} out`, sum(expected, 'out'), entry.out),
    ];
  });
}

function sum(items: readonly { in: Amount; out: Amount }[], way: 'in' | 'out'): Amount {
  return items.map((item) => item[way]).reduce(addAmounts, 0);
}

function differs(what: string, expected: Amount, actual: number): string[] {
  return holds(expected, actual) ? [] : [`${what}: expected ${[expected].flat().join(' to ')}, got ${actual}`];
}
