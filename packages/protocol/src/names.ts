import { Type } from 'typebox';
import { limits } from './limits.ts';

/** Queue and node names: callers choose them and they become metric labels, so their alphabet is small. */
export const Name = Type.String({
  minLength: 1,
  maxLength: limits.nameLength,
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$',
  description: `1 to ${limits.nameLength} of letters, digits, '.', '_' and '-', starting with a letter or digit`,
});

const fileNamePattern = '^(?!\\.{1,2}$)[^/\\\\\\u0000-\\u001f\\u007f]+$';

/**
 * A file's name inside a job: one path segment. No slash, backslash or control character, and not `.` or
 * `..`, so that it can't leave its folder.
 */
export const FileName = Type.String({
  minLength: 1,
  maxLength: limits.fileNameLength,
  pattern: fileNamePattern,
  description: "a plain file name: no '/', no '\\', no control character, not '.' or '..'",
});

const fileNameRule = new RegExp(fileNamePattern, 'u');

/** Is it a {@link FileName}? */
export function isFileName(name: string): boolean {
  return name.length <= limits.fileNameLength && fileNameRule.test(name);
}

/** A glob over files of a job's directory: relative, and never upwards. */
export const OutputGlob = Type.String({
  minLength: 1,
  maxLength: limits.fileNameLength,
  pattern: '^(?!/)(?!.*(^|/)\\.\\.(/|$))[^\\\\\\u0000-\\u001f\\u007f]+$',
  description: "a glob over the job's directory: relative, without '..'",
});

/** Lower-case hexadecimal SHA-256. */
export const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256, 64 lower-case hex digits' });

/** A job's identifier. */
export const JobId = Type.String({ format: 'uuid', description: "a job's identifier (UUID)" });

/** A moment, ISO 8601 in UTC. */
export const Timestamp = Type.String({ format: 'date-time', description: 'a moment, ISO 8601' });
