import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { StoreKit } from './store-kit.ts';

export function describeBandwidth(kit: () => StoreKit): void {
  describe('bandwidth', () => {
    test('the minutes of one master come back in their order, each once', async () => {
      const { bandwidth } = kit().store;
      const [master, other] = [randomUUID(), randomUUID()];
      const begin = Date.now() - 3_600_000;
      const minutes = Array.from({ length: 250 }, (_, number) => ({
        at: new Date(begin + number * 1000).toISOString(),
        minute: { number, text: 'a "quoted" one' },
      }));
      for (const minute of minutes.toReversed()) await bandwidth.save(master, minute);
      await bandwidth.save(master, { at: minutes[7]?.at as string, minute: { number: -1 } });
      await bandwidth.save(other, { at: minutes[3]?.at as string, minute: { number: -2 } });
      const since = minutes[4]?.at as string;
      expect(await bandwidth.list(master, since)).toEqual(minutes.slice(5));
      expect(await bandwidth.list(randomUUID(), since)).toEqual([]);
    });
  });
}
