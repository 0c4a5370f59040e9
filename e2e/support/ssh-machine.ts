import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

const hereAddress = '10.213.0.1';
const thereAddress = '10.213.0.2';

/**
 * Two machines of the test's own, as far as a network, file systems and processes make one: `here`, where the master runs, and
 * a bare one with the distribution's sshd and no Node, for a user whose home is empty.
 */
export class SshMachine {
  readonly #names: readonly [here: string, there: string];
  readonly #folder: string;
  #sshd: ChildProcess | undefined;
  /** What runs on `here`: put before a command. */
  readonly here: string[];
  readonly target = `root@${thereAddress}`;
  readonly hereAddress = hereAddress;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#names = [`wb-here-${process.pid}`, `wb-there-${process.pid}`];
    this.here = ['ip', 'netns', 'exec', this.#names[0]];
  }

  /** `folder`: for keys, and what is the home there. `hasUserUnits`: systemd's manager of the user's units runs there. */
  static async start(folder: string, { hasUserUnits = false } = {}): Promise<SshMachine> {
    const machine = new SshMachine(folder);
    machine.#connect();
    await machine.#startSshd(hasUserUnits);
    return machine;
  }

  /** For `--ssh`. */
  get ssh(): string {
    const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR'];
    return `ssh -i ${join(this.#folder, 'key')} ${options.map((option) => `-o ${option}`).join(' ')}`;
  }

  /** What the user's home holds there. */
  get home(): string {
    return join(this.#folder, 'home');
  }

  /** Runs a command there, over SSH. */
  run(command: string): string {
    const [program = '', ...words] = [...this.here, ...this.ssh.split(' '), this.target, command];
    return execFileSync(program, words, { encoding: 'utf8' });
  }

  /** Cuts every connection, as a network that breaks does: the machine itself runs on. */
  cut(): void {
    this.run(`nohup sh -c 'sleep 0.2; kill $(pgrep -f "^sshd: root")' >/dev/null 2>&1 &`);
  }

  stop(): void {
    this.#sshd?.kill('SIGKILL');
    for (const name of this.#names) execFileSync('ip', ['netns', 'delete', name]);
  }

  #connect(): void {
    const ip = (...args: string[]) => execFileSync('ip', args);
    const [here, there] = this.#names;
    for (const name of this.#names) {
      ip('netns', 'add', name);
      ip('-n', name, 'link', 'set', 'lo', 'up');
    }
    ip('link', 'add', 'wb0', 'netns', here, 'type', 'veth', 'peer', 'name', 'wb0', 'netns', there);
    for (const [name, address] of [
      [here, hereAddress],
      [there, thereAddress],
    ] as const) {
      ip('-n', name, 'address', 'add', `${address}/24`, 'dev', 'wb0');
      ip('-n', name, 'link', 'set', 'wb0', 'up');
    }
  }

  async #startSshd(hasUserUnits: boolean): Promise<void> {
    const path = (name: string) => join(this.#folder, name);
    for (const key of ['key', 'host-key'])
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path(key)]);
    await mkdir(join(this.home, '.ssh'), { recursive: true, mode: 0o700 });
    const keys = join(this.home, '.ssh', 'authorized_keys');
    await writeFile(keys, await readFile(path('key.pub')));
    await chmod(this.home, 0o700);
    const config = [
      `HostKey ${path('host-key')}`,
      'PermitRootLogin yes',
      'PasswordAuthentication no',
      'UsePAM no',
      'PidFile none',
      'AuthorizedKeysFile .ssh/authorized_keys',
      // Where systemd has made it, a login sets it.
      ...(hasUserUnits ? ['SetEnv XDG_RUNTIME_DIR=/run/user/0'] : []),
    ];
    await writeFile(path('sshd_config'), `${config.join('\n')}\n`);
    const nodes = (process.env.PATH ?? '/usr/local/bin:/usr/bin')
      .split(delimiter)
      .map((folder) => join(folder, 'node'))
      .filter((file) => existsSync(file));
    const script = [
      `mount --bind ${this.home} /root`,
      // sshd wants the first of these folders, and systemd looks for the second.
      'mount -t tmpfs tmpfs /run',
      `mkdir -p /run/sshd ${hasUserUnits ? '/run/systemd/system' : ''} /run/user/0`,
      'chmod 700 /run/user/0',
      ...nodes.map((file) => `mount --bind /dev/null $(readlink -f ${file})`),
      ...(hasUserUnits
        ? ['HOME=/root XDG_RUNTIME_DIR=/run/user/0 /usr/lib/systemd/systemd --user > /root/systemd.log 2>&1 &']
        : []),
      `exec /usr/sbin/sshd -D -e -f ${path('sshd_config')}`,
    ].join('\n');
    // With processes of its own, so that all that was started there ends with it.
    const isolate = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--cgroup'];
    // Not by `ip netns exec`, which hides the control groups.
    const inside = [`--net=/run/netns/${this.#names[1]}`, ...isolate, 'sh', '-e', '-c', script];
    this.#sshd = spawn('nsenter', inside, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    await new Promise<void>((resolve, reject) => {
      this.#sshd?.stderr?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('Server listening')) resolve();
      });
      this.#sshd?.once('close', () => reject(new Error(`sshd ended:\n${said}`)));
    });
  }
}
