import { cpus, release, totalmem, type } from 'node:os';

/** The machine, as far as figures depend on it; nothing that tells whose it is. */
export function describeMachine(): string {
  const all = cpus();
  const model = all[0]?.model.trim() ?? 'unknown';
  const memoryGb = Math.round(totalmem() / 2 ** 30);
  return `${model}, ${all.length} logical cores, ${memoryGb} GB, ${type()} ${release().split('-')[0]}, Node ${process.versions.node}`;
}
