import type { BandwidthNames } from '../bandwidth-names.ts';

/**
 * Connection bytes of one direction minus endpoints, unattributed and pending, by target: 0 when the books balance.
 * From counters as they stand in one scrape: rates of counters that moved at different moments would differ.
 * `matchers` such as `job="a"` choose the targets.
 */
export function unaccounted(direction: 'in' | 'out', names: BandwidthNames, matchers: string): string {
  const target = 'sum by (job, instance)';
  const selector = matchers === '' ? '' : `{${matchers}}`;
  const ofDirection = `{${[matchers, `direction="${direction}"`].filter(Boolean).join(',')}}`;
  const endpoints = direction === 'in' ? names.requestBytes : names.responseBytes;
  const connection = `${target} (${names.connectionBytes}${ofDirection})`;
  // A service has no series of an endpoint before its first request: then its endpoints moved 0 bytes.
  const attributed = `(${target} (${endpoints}${selector}) or 0 * ${connection})`;
  const unattributed = `${target} (${names.unattributed}${ofDirection})`;
  const pending = `${target} (${names.pending}${ofDirection})`;
  return `${connection} - ${attributed} - ${unattributed} - ${pending}`;
}

/** Both directions of {@link unaccounted}, told apart by a label: without it `or` would drop the second. */
export function unaccountedByDirection(names: BandwidthNames, matchers: string): string {
  const labelled = (direction: 'in' | 'out') =>
    `label_replace(${unaccounted(direction, names, matchers)}, "direction", "${direction}", "", "")`;
  return `${labelled('in')} or ${labelled('out')}`;
}
