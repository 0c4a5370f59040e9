import {
  formatCommandLine,
  type InputFile,
  type JobSubmission,
  limits,
  type OutputFile,
  ProblemError,
} from '@weighbridge/protocol';
import type { MasterContext } from '../context.ts';
import { formatValue } from '../http/validation.ts';

/**
 * What a schema can't say of a submission; `at` is where it stands in the body.
 *
 * @throws ProblemError `too-large`, `command-not-allowed`, `blob-missing`, `invalid-request`.
 */
export async function checkSubmission(
  { options: { allow }, blobs }: Pick<MasterContext, 'options' | 'blobs'>,
  submission: JobSubmission,
  at: string,
): Promise<void> {
  const { command, files } = submission;
  checkSize(submission, at);
  if (allow && !allow.includes(command)) {
    throw new ProblemError(
      'command-not-allowed',
      `${at}.command ${formatValue(command)} is not allowed by this master: it allows ${allow.join(', ') || 'none'}; to allow it, start the master with --allow ${formatCommandLine(command, [])} as well`,
    );
  }
  const inputs = files?.inputs ?? [];
  checkNames(inputs, `${at}.files.inputs`);
  for (const [index, input] of inputs.entries()) await requireBlob(blobs, input, `${at}.files.inputs[${index}]`);
}

function checkSize({ command, args = [], env = {} }: JobSubmission, at: string): void {
  let bytes = Buffer.byteLength(command);
  for (const arg of args) bytes += Buffer.byteLength(arg);
  for (const [name, value] of Object.entries(env)) bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  if (bytes <= limits.jobTextBytes) return;
  throw new ProblemError(
    'too-large',
    `command, args and env of ${at} must be at most ${limits.jobTextBytes} bytes together, got ${bytes}; send what is longer as an input file (--input)`,
  );
}

/** What a schema can't say of an attempt's outputs. */
export async function checkOutputs(
  { blobs }: Pick<MasterContext, 'blobs'>,
  outputs: readonly OutputFile[],
): Promise<void> {
  checkNames(outputs, 'body.outputs');
  for (const [index, output] of outputs.entries()) {
    const sizeBytes = await requireBlob(blobs, output, `body.outputs[${index}]`);
    if (sizeBytes === output.sizeBytes) continue;
    throw new ProblemError(
      'invalid-request',
      `body.outputs[${index}].sizeBytes must be the blob's size, ${sizeBytes}, got ${output.sizeBytes}`,
    );
  }
}

function checkNames(files: readonly { name: string }[], at: string): void {
  const seen = new Set<string>();
  for (const { name } of files) {
    if (seen.has(name))
      throw new ProblemError('invalid-request', `${at} must name each file once, got ${formatValue(name)} twice`);
    seen.add(name);
  }
}

async function requireBlob(blobs: MasterContext['blobs'], { name, sha256 }: InputFile, at: string): Promise<number> {
  const sizeBytes = await blobs.keep(sha256);
  if (sizeBytes !== undefined) return sizeBytes;
  throw new ProblemError(
    'blob-missing',
    `${at} names the blob ${sha256} for ${formatValue(name)}, which is not stored here: PUT /blobs/${sha256} first`,
  );
}
