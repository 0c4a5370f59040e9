import type { BandwidthHistory } from '@weighbridge/protocol';
import { useEffect } from 'preact/hooks';
import type { Key } from './model.ts';
import { usePage } from './page-context.ts';
import type { Timeline } from './timeline.ts';
import { useAnswer } from './use-answer.ts';

const refreshMs = 600_000;

/** The bytes of one endpoint or client over time: asked for once, then continued from the stream. */
export function useKeyTimeline(key: Key): Timeline {
  const { model, address, redraw } = usePage();
  const { kind: _, ...names } = key;
  const query = new URLSearchParams({
    resolution: address.span === 'day' ? 'minute' : 'second',
    ...names,
  });
  const { data } = useAnswer<BandwidthHistory>(`/bandwidth/history?${query}`, refreshMs);
  useEffect(() => {
    if (!data) return;
    model.takeKeyHistory(key, data);
    redraw();
  }, [data]);
  return model.timelineFor(key);
}
