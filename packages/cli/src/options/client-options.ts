import { readFileSync } from 'node:fs';
import { Client } from '@weighbridge/protocol';
import { type Command, Option } from 'commander';
import { UsageError } from '../errors.ts';

/** What every command that talks to a master takes. */
export interface ClientFlags {
  master: string;
  tokenFile?: string;
  json?: true;
}

const defaultTokenFile = './data/token';
/** A master that has just been started, over a large store. */
const patienceSeconds = 30;

/** Adds `--master`, `--token-file` and `--json`. */
export function addClientOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--master <url>', "the master's address").env('WEIGHBRIDGE_MASTER').default('http://127.0.0.1:8080'),
    )
    .option('--token-file <file>', `where the token is (default: WEIGHBRIDGE_TOKEN, else ${defaultTokenFile})`)
    .option('--json', 'print JSON');
}

/** The client that the flags describe. */
export function clientOf(flags: ClientFlags): Client {
  return new Client({ url: parseMasterUrl(flags.master), token: readToken(flags.tokenFile), patienceSeconds });
}

/** Checks the address of a master. */
export function parseMasterUrl(text: string): string {
  const url = URL.parse(text);
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return text;
  throw new UsageError(`--master must be an http or https address such as http://127.0.0.1:8080, got ${text}`);
}

/** The token of `--token-file`, else of WEIGHBRIDGE_TOKEN, else of the data folder here. */
export function readToken(file: string | undefined): string {
  const named = process.env.WEIGHBRIDGE_TOKEN;
  if (file === undefined && named !== undefined && named !== '') return named;
  const path = file ?? defaultTokenFile;
  const token = readTokenFile(path);
  if (token === '') throw new UsageError(`the token file ${path} is empty; name another with --token-file`);
  return token;
}

function readTokenFile(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new UsageError(
      `no token: ${path} can't be read (${code}); set WEIGHBRIDGE_TOKEN or name its file with --token-file`,
      {
        cause,
      },
    );
  }
}
