import type { MasterOptions } from '@weighbridge/scheduler';
import { type Command, Option } from 'commander';
import { collectList, integerBetween, parseBytes, parseDuration } from './option-parsers.ts';

/** The flags that `up` and `master` share. */
export interface MasterFlags {
  listen?: string;
  metricsListen?: string;
  data?: string;
  allow?: string[];
  reserve?: number;
  maxBlobs?: number;
  keepJobs?: number;
  maxConnections?: number;
  maxConnectionsPerAddress?: number;
  tlsTerminatedUpstream?: true;
  insecure?: true;
  json?: true;
}

/** Adds the flags that `up` and `master` share. */
export function addMasterOptions(command: Command, allowHelp: string): Command {
  return command
    .option('--listen <host:port>', 'API and live page; port 0 takes any free one (default: 127.0.0.1:8080)')
    .option('--metrics-listen <host:port>', '/metrics, /metrics/bandwidth, /health (default: 127.0.0.1:9090)')
    .option('--data <dir>', 'token, files and the embedded store (default: ./data)')
    .addOption(new Option('--allow <command>', allowHelp).argParser(collectList))
    .addOption(
      new Option(
        '--reserve <size>',
        'of the disk below --data; with less free, submissions, logs and files are refused (default: 256MB)',
      ).argParser(parseBytes),
    )
    .addOption(
      new Option('--max-blobs <size>', 'all files of jobs together (default: as much as the disk has)').argParser(
        parseBytes,
      ),
    )
    .addOption(
      new Option('--keep-jobs <time>', 'how long jobs that have ended are kept, e.g. 12h (default: 30d)').argParser(
        parseDuration,
      ),
    )
    .addOption(
      new Option('--max-connections <n>', 'to the API at a time (default: 4000)').argParser(
        integerBetween(1, 1_000_000),
      ),
    )
    .addOption(
      new Option(
        '--max-connections-per-address <n>',
        'the same from one address; no limit with --tls-terminated-upstream (default: 1000)',
      ).argParser(integerBetween(1, 1_000_000)),
    )
    .option('--tls-terminated-upstream', 'listen beyond loopback: something in front speaks TLS')
    .option('--insecure', 'listen beyond loopback without TLS')
    .option('--json', 'print one JSON object a line');
}

/** The scheduler's names for those flags; the token comes from the environment, never from the command line. */
export function masterOptionsOf(flags: MasterFlags): MasterOptions {
  const token = process.env.WEIGHBRIDGE_TOKEN;
  return {
    ...(flags.listen !== undefined && { listen: flags.listen }),
    ...(flags.metricsListen !== undefined && { metricsListen: flags.metricsListen }),
    ...(flags.data !== undefined && { dataDir: flags.data }),
    ...(token !== undefined && token !== '' && { token }),
    ...(flags.reserve !== undefined && { reserveBytes: flags.reserve }),
    ...(flags.maxBlobs !== undefined && { maxBlobBytes: flags.maxBlobs }),
    ...(flags.keepJobs !== undefined && { keepJobsSeconds: flags.keepJobs }),
    ...(flags.maxConnections !== undefined && { maxConnections: flags.maxConnections }),
    ...(flags.maxConnectionsPerAddress !== undefined && { maxConnectionsPerAddress: flags.maxConnectionsPerAddress }),
    ...(flags.tlsTerminatedUpstream && { tlsTerminatedUpstream: true }),
    ...(flags.insecure && { insecure: true }),
  };
}
