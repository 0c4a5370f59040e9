import { fileURLToPath } from 'node:url';
import type { Bandwidth } from '@weighbridge/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { AppProcess, getUntil } from '../packages/monitor/test/preload/app-process.ts';
import { stop, weighbridge } from './support/cli.ts';
import { Cluster } from './support/cluster.ts';
import { freePort } from './support/free-port.ts';
import { lacksPrograms } from './support/needs.ts';
import { Terminal } from './support/tmux-terminal.ts';

const shopFile = fileURLToPath(new URL('../packages/page/test/support/shop.mjs', import.meta.url));
const colour = new RegExp(`${String.fromCharCode(27)}\\[3[0-9]m`);

const openTop = (args: string[], env: Record<string, string> = {}, size: [number, number] = [110, 30]) =>
  new Terminal(['top', ...args], env, size);

describe.skipIf(lacksPrograms({ tmux: 'tmux' }))('top in a terminal', () => {
  afterEach(() => Terminal.closeAll());

  describe('of a service', () => {
    let shop: AppProcess;
    let url: string;
    let page: string;

    beforeAll(async () => {
      const port = await freePort();
      page = `http://127.0.0.1:${port}`;
      shop = new AppProcess(shopFile, {
        env: {
          WEIGHBRIDGE_METRICS_LISTEN: `127.0.0.1:${port}`,
          WEIGHBRIDGE_SERVICE: 'shop',
          WEIGHBRIDGE_ENDPOINTS: '/files/:name /uploads/:name',
        },
      });
      url = await shop.line();
      await getUntil(`${page}/health`, (text) => text !== '');
      for (const bytes of [2_000_000, 1000]) await (await fetch(`${url}/files/a?bytes=${bytes}`)).arrayBuffer();
      await (await fetch(`${url}/uploads/a`, { method: 'PUT', body: new Uint8Array(500_000) })).text();
    });
    afterAll(() => shop?.stop());

    test('shows rates and endpoints, sorts by keys, fits a smaller terminal, and leaves it as it was', async () => {
      const top = openTop(['--app', page]);
      await expect.poll(() => top.screen()).toMatch(/weighbridge shop {2}● live/);
      await expect.poll(() => top.screen()).toMatch(/GET {4}\/files\/:name +\d+ B +2\.0 MB/);
      const order = () => [...top.screen().matchAll(/^(?:GET|PUT) +\/(\w+)/gm)].map(([, name]) => name);
      top.press('i');
      await expect.poll(order).toEqual(['uploads', 'files']);
      top.press('o');
      await expect.poll(order).toEqual(['files', 'uploads']);
      expect(top.screen()).toContain('OUT ↓');

      top.resize(60, 12);
      await expect
        .poll(() =>
          top
            .screen()
            .split('\n')
            .filter((line) => line.length > 60),
        )
        .toEqual([]);
      await expect.poll(() => top.screen()).toMatch(/\/fil.*…/);
      top.press('q');
      await expect.poll(() => top.hasEnded).toBe(true);
      expect(top.screen()).not.toContain('ENDPOINT');
    });

    test('has colours, and none with NO_COLOR', async () => {
      const top = openTop(['--app', page]);
      await expect.poll(() => top.screen(true)).toMatch(colour);
      Terminal.closeAll();
      const plain = openTop(['--app', page], { NO_COLOR: '1' });
      await expect.poll(() => plain.screen(true)).toContain('● live');
      expect(plain.screen(true)).not.toMatch(colour);
    });

    test('prints what is now once, as text and as JSON that equals the API', async () => {
      const text = await weighbridge(['top', '--app', page, '--once']);
      expect(text.code).toBe(0);
      expect(text.stdout).toMatch(/PUT {4}\/uploads\/:name +500\.\d kB/);
      expect(text.stdout).not.toContain('\u001b');
      const json = await weighbridge(['top', '--app', page, '--once', '--json', '--sort', 'in']);
      const shown = JSON.parse(json.stdout);
      const api = (await (await fetch(`${page}/bandwidth`)).json()) as Bandwidth;
      expect(shown).toMatchObject({ service: 'shop', totals: api.connection, balanced: true });
      expect(shown.endpoints.map((one: { endpoint: string }) => one.endpoint)).toEqual([
        '/uploads/:name',
        '/files/:name',
      ]);
      expect(shown).not.toHaveProperty('jobs');
    });

    test('says what is wrong in one sentence', async () => {
      const nobody = `http://127.0.0.1:${await freePort()}`;
      const cases: [string[], number, RegExp][] = [
        [['--app', nobody, '--once'], 1, /^weighbridge: nothing answers at http:.*\n$/],
        [['--app', 'shop'], 2, /^weighbridge: --app must be an http or https address .* got shop\n$/],
        [['--app', page], 2, /^weighbridge: top fills a terminal, and the output is none; use --once or --json\n$/],
        [['--app', page, '--sort', 'luck'], 2, /^weighbridge: .*luck.*see `weighbridge top --help`\n$/],
      ];
      for (const [args, code, message] of cases) {
        const ended = await weighbridge(['top', ...args]);
        expect([ended.code, ended.stderr]).toEqual([code, expect.stringMatching(message)]);
      }
    });
  });

  test('of a master shows nodes and jobs, says when it is gone, and comes back with it', async () => {
    const cluster = await Cluster.start();
    try {
      await cluster.startWorker('scale-one');
      const { id } = await cluster.client.submit({ command: 'sh', args: ['-c', 'echo hello'] });
      await cluster.untilEnded(id);
      const token = cluster.master?.env.WEIGHBRIDGE_TOKEN ?? '';
      const top = openTop(['--master', cluster.master?.apiUrl ?? ''], { WEIGHBRIDGE_TOKEN: token });
      await expect.poll(() => top.screen()).toMatch(/NODES\nscale-one +ready +░+ 0\/1/);
      await expect.poll(() => top.screen()).toMatch(new RegExp(`LATEST JOBS\n${id.slice(0, 8)} +succeeded`));
      // The stream of top itself is left out.
      expect(top.screen()).not.toContain('/bandwidth');
      if (cluster.master) await stop(cluster.master.child);
      await expect.poll(() => top.screen()).toContain('trying again');
      await cluster.startMaster();
      await expect.poll(() => top.screen()).toContain('● live');
      top.press('C-c');
      await expect.poll(() => top.hasEnded).toBe(true);
    } finally {
      await cluster.stop();
    }
  });
});
