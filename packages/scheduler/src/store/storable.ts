import { ProblemError } from '@weighbridge/protocol';

/**
 * PostgreSQL's text holds neither U+0000 nor half a surrogate pair, which JSON can carry.
 *
 * @throws ProblemError `invalid-request` that names the place
 */
export function assertStorable(value: unknown, where: string): void {
  if (typeof value === 'string') {
    if (value.isWellFormed() && !value.includes('\0')) return;
    throw new ProblemError('invalid-request', `${where} must be whole Unicode characters without U+0000`);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) assertStorable(inner, `${where}.${key}`);
}
