import { useEffect, useState } from 'preact/hooks';
import { NoAnswerError, TokenRefusedError } from './api.ts';
import { pause } from './connection.ts';
import { usePage } from './page-context.ts';

/** An answer of the API as it was last heard, or why there is none. */
export interface Answer<T> {
  readonly data: T | undefined;
  readonly error: string | undefined;
}

/**
 * Asks the API for something, again and again. While an answer doesn't come, the last one stays.
 *
 * @param path undefined: nothing is asked.
 * @param everyMs 0: once.
 */
export function useAnswer<T>(path: string | undefined, everyMs: number): Answer<T> {
  const { api, refused, wake, model } = usePage();
  const [answer, setAnswer] = useState<Answer<T> & { path: string | undefined }>();
  const isLive = model.status.name === 'live';

  useEffect(() => {
    if (path === undefined || !isLive) return;
    const left = new AbortController();
    const ask = async () => {
      do {
        try {
          // Nobody looks: a hidden tab moves no bytes.
          if (document.visibilityState === 'hidden') continue;
          setAnswer({ path, data: await api.json<T>(path, left.signal), error: undefined });
        } catch (error) {
          if (left.signal.aborted) return;
          if (error instanceof TokenRefusedError) return refused();
          if (!(error instanceof NoAnswerError)) console.error(error);
          setAnswer((last) => ({ path, data: last?.path === path ? last.data : undefined, error: toText(error) }));
        } finally {
          if (everyMs > 0) await pause(everyMs, wake, left.signal);
        }
      } while (everyMs > 0 && !left.signal.aborted);
    };
    void ask();
    return () => left.abort();
  }, [path, everyMs, api, isLive]);

  return answer && answer.path === path ? answer : { data: undefined, error: undefined };
}

function toText(error: unknown): string {
  return error instanceof NoAnswerError ? error.message : 'This page failed; the console says how.';
}
