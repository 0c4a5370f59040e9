import { metricFamilies } from '@weighbridge/monitor';

type Key = keyof typeof metricFamilies;

/** The full names of the monitor's families below one prefix. */
export type BandwidthNames = Readonly<Record<Key, string>>;

/** The prefix that the master gives its monitor. */
export const schedulerPrefix = 'scheduler_';
/** The prefix that the monitor has by itself. */
export const defaultPrefix = 'weighbridge_';

/** Names every family of a monitor that has this prefix; a dashboard gives a variable, `${prefix}`. */
export function nameBandwidthMetrics(prefix: string): BandwidthNames {
  const names = Object.entries(metricFamilies).map(([key, { name }]) => [key, prefix + name]);
  return Object.freeze(Object.fromEntries(names)) as BandwidthNames;
}
