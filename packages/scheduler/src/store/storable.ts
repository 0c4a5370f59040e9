import { ProblemError } from '@weighbridge/protocol';

/**
 * PostgreSQL's text holds neither U+0000 nor half a surrogate pair, which JSON can carry.
 *
 * @throws ProblemError `invalid-request` that names the place
 */
export function assertStorable(value: unknown, where: string): void {
  const path = findUnstorable(value);
  if (path === undefined) return;
  const at = [where, ...path].join('.');
  throw new ProblemError('invalid-request', `${at} must be whole Unicode characters without U+0000`);
}

/** Where the first text is that can't be stored. Nothing is allocated while there is none: bulk submissions pass here. */
function findUnstorable(value: unknown): string[] | undefined {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0') ? undefined : [];
  if (typeof value !== 'object' || value === null) return undefined;
  for (const key in value) {
    const path = findUnstorable((value as Record<string, unknown>)[key]);
    if (path !== undefined) return [key, ...path];
  }
  return undefined;
}
