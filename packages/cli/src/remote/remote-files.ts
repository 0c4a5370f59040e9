import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FailedError, UsageError } from '../errors.ts';
import { hashFile } from '../jobs/input-files.ts';
import type { Progress } from '../terminal/progress.ts';
import { version } from '../version.ts';
import { putScript } from './remote-layout.ts';
import type { Ssh } from './ssh.ts';

/** What `probeScript` says of a machine. */
export interface RemoteMachine {
  readonly os: string;
  readonly arch: string;
  readonly host: string;
  readonly libc: string;
  readonly service: 'systemd' | 'detached';
  /** File names of copied Nodes, and of copied workers. */
  readonly node: string;
  readonly apps: string;
  /** Of the node that was added before; empty where none was. */
  readonly name: string;
  /** Where its tunnel ends there. */
  readonly port: string;
}

export function parseMachine(lines: string): RemoteMachine {
  const pairs = lines.split('\n').flatMap((line) => {
    const at = line.indexOf('=');
    return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1).trim()]];
  });
  return Object.fromEntries(pairs) as RemoteMachine;
}

const digestLength = 16;
const architectures: Record<string, string> = { x86_64: 'x64', aarch64: 'arm64' };

/** The Node to copy: the one that `--node` names, else this one, where it fits. @throws UsageError where it does not. */
export function chooseNode({ os, arch, libc }: RemoteMachine, given: string | undefined): string {
  if (given !== undefined) {
    if (statSync(given, { throwIfNoEntry: false })?.isFile()) return given;
    throw new UsageError(`--node ${given}: there is no such file`);
  }
  const other = `name the file of a Node for it with --node`;
  if (os !== 'Linux' || process.platform !== 'linux')
    throw new UsageError(`the machine runs ${os}, and this one ${process.platform}; ${other}`);
  if (architectures[arch] !== process.arch)
    throw new UsageError(`the machine's processor is ${arch}, and this one's ${process.arch}; ${other}`);
  if (/musl/i.test(libc)) throw new UsageError(`the machine's C library is musl, and this Node needs glibc; ${other}`);
  return process.execPath;
}

/** Copies a Node unless it is there; gives its name there. */
export async function copyNode(ssh: Ssh, machine: RemoteMachine, file: string, progress: Progress): Promise<string> {
  const name = `node-${(await hashFile(file)).slice(0, digestLength)}`;
  if (machine.node.split(' ').includes(name)) return name;
  const stream = progress.count(createReadStream(file), 'Copying Node', statSync(file).size);
  await ssh.run(putScript(`bin/${name}`, '755'), stream);
  return name;
}

/** Made by scripts/bundle.mjs. */
const bundle = ['worker.js', 'guard.js'] as const;

/** Copies the worker unless it is there; gives the name of its folder there. */
export async function copyWorker(ssh: Ssh, machine: RemoteMachine): Promise<string> {
  const contents = bundle.map((file) => [file, readBundled(file)] as const);
  const digest = createHash('sha256')
    .update(JSON.stringify([version, contents]))
    .digest('hex');
  const app = `app-${digest.slice(0, digestLength)}`;
  if (machine.apps.split(' ').includes(app)) return app;
  for (const [file, content] of contents) await ssh.run(putScript(`${app}/${file}`, '644'), content);
  // Beside them, so that Node takes them as modules, and they know their version.
  await ssh.run(putScript('package.json', '644'), JSON.stringify({ type: 'module', version }));
  return app;
}

function readBundled(file: string): string {
  // From source as from dist: the build writes it into dist.
  const path = fileURLToPath(new URL(`../../dist/remote/bundle/${file}`, import.meta.url));
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new FailedError(`this installation lacks ${path}; install weighbridge again, or run \`npm run build\``, {
      cause,
    });
  }
}
