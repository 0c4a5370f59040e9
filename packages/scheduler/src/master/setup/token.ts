import { randomBytes } from 'node:crypto';
import { chmod, link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '../../errors.ts';

/** The bearer token, and where it is kept when the caller didn't name one. */
export interface Token {
  readonly token: string;
  readonly tokenPath?: string;
}

/** The token named by the caller, or the one kept in `dataDir`, made at the first start. */
export async function loadToken(dataDir: string, named: string | undefined): Promise<Token> {
  if (named !== undefined) return { token: named };
  const tokenPath = join(dataDir, 'token');
  const token = (await readToken(tokenPath)) ?? (await makeToken(tokenPath));
  return { token, tokenPath };
}

async function readToken(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new StartError({ code: 'token-unreadable', path, reason: String(error.code) }, { cause: error });
  });
  if (text === undefined) return undefined;
  const token = text.trim();
  if (!/^[\x21-\x7e]{8,512}$/.test(token)) {
    throw new StartError({ code: 'token-empty', path });
  }
  await chmod(path, 0o600).catch(() => {});
  return token;
}

// Linked into place, so that no reader finds it half written and of two starts at once one wins.
async function makeToken(path: string): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, `${token}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, path);
    return token;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return (await readToken(path)) as string;
  } finally {
    await rm(draft, { force: true });
  }
}
