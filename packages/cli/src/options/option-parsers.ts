import { InvalidArgumentError } from 'commander';

/** Parses an option's integer between two bounds, both allowed. */
export function integerBetween(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^-?\d+$/.test(text) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`It must be an integer from ${minimum} to ${maximum}.`);
  };
}

const units: Record<string, number> = { '': 1, B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** Parses a number of bytes, decimal units: `256MB`, `1.5 GB`, `4096`. */
export function parseBytes(text: string): number {
  const { number, unit = '' } = /^(?<number>\d+(?:\.\d+)?) ?(?<unit>[kMGT]?B)?$/.exec(text)?.groups ?? {};
  const bytes = Math.round(Number(number) * (units[unit] ?? Number.NaN));
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new InvalidArgumentError('It must be a number of bytes such as 256MB or 10GB.');
}

const secondsByUnit: Record<string, number> = { s: 1, min: 60, h: 3600, d: 86_400 };

/** Parses a time, to seconds: `90s`, `15min`, `12h`, `30d`. */
export function parseDuration(text: string): number {
  const { number, unit = '' } = /^(?<number>\d+(?:\.\d+)?) ?(?<unit>s|min|h|d)$/.exec(text)?.groups ?? {};
  const seconds = Number(number) * (secondsByUnit[unit] ?? Number.NaN);
  if (Number.isFinite(seconds)) return seconds;
  throw new InvalidArgumentError('It must be a time such as 12h or 30d.');
}

/** Collects an option given several times. */
export function collect(text: string, earlier: string[] = []): string[] {
  return [...earlier, text];
}

/** Collects an option given several times, or as a list with commas. */
export function collectList(text: string, earlier: string[] = []): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('It has an empty name.');
  return [...earlier, ...names];
}

/** Collects `NAME=value` pairs. */
export function collectPairs(text: string, earlier: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be NAME=value.');
  return { ...earlier, [text.slice(0, at)]: text.slice(at + 1) };
}

/** Parses a moment (ISO 8601) to its UTC form. */
export function parseMoment(text: string): string {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime()))
    throw new InvalidArgumentError('It must be a moment such as 2030-01-31T08:00:00Z.');
  return moment.toISOString();
}
