import type { LogChunk } from '@weighbridge/protocol';
import { useEffect, useRef, useState } from 'preact/hooks';
import { formatBytes } from '../../format.ts';
import { TokenRefusedError } from '../../state/api.ts';
import { pause } from '../../state/connection.ts';
import { usePage } from '../../state/page-context.ts';

/** Characters that are kept and shown; the whole log is one command away. */
const maxCharacters = 200_000;
const retryMs = 2000;

interface Log {
  readonly chunks: readonly LogChunk[];
  readonly isCut: boolean;
  readonly hasEnded: boolean;
}

const nothing: Log = { chunks: [], isCut: false, hasEnded: false };

/** A job's log as it comes. While its end is in view, it stays there. */
export function JobLog({ job }: { readonly job: string }) {
  const log = useLog(job);
  const place = useRef<HTMLPreElement>(null);
  const [follows, setFollows] = useState(true);
  useEffect(() => {
    if (follows && place.current) place.current.scrollTop = place.current.scrollHeight;
  }, [log.chunks, follows]);
  return (
    <section class="card" aria-labelledby="log-title">
      <div class="title">
        <h2 id="log-title">Log</h2>
        <p class="aside">{log.hasEnded ? 'complete' : 'as it comes'}</p>
        <label class="quiet">
          <input type="checkbox" checked={follows} onChange={(event) => setFollows(event.currentTarget.checked)} />{' '}
          Follow
        </label>
      </div>
      {log.isCut && (
        <p class="aside">
          Only the end is shown here. The whole log: <code>weighbridge jobs logs {job}</code>
        </p>
      )}
      {log.chunks.length === 0 ? (
        <p class="empty">{log.hasEnded ? 'It has printed nothing.' : 'Nothing yet.'}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and has to by keyboard too.
        <pre class="log" ref={place} tabIndex={0} role="log" aria-label="The job's log">
          {log.chunks.map((chunk, index) => (
            <LogPart key={chunk.sequence} chunk={chunk} before={log.chunks[index - 1]} />
          ))}
        </pre>
      )}
    </section>
  );
}

function LogPart({ chunk, before }: { readonly chunk: LogChunk; readonly before: LogChunk | undefined }) {
  const isNext = before && before.attempt === chunk.attempt && before.stream === chunk.stream;
  const left = isNext ? chunk.offset - (before.offset + before.sizeBytes) : 0;
  return (
    <>
      {before?.attempt !== chunk.attempt && (
        <span class="system">
          attempt {chunk.attempt}
          {'\n'}
        </span>
      )}
      {left > 0 && (
        <span class="system">
          ({formatBytes(left)} left out){'\n'}
        </span>
      )}
      <span class={chunk.stream}>{chunk.text}</span>
    </>
  );
}

function useLog(job: string): Log {
  const { api, refused, wake, model } = usePage();
  const [log, setLog] = useState(nothing);
  const isLive = model.status.name === 'live';
  useEffect(() => {
    if (!isLive || log.hasEnded) return;
    const left = new AbortController();
    let after = log.chunks.at(-1)?.sequence;
    const follow = async () => {
      while (!left.signal.aborted) {
        try {
          for await (const part of api.followLog(job, after, left.signal)) {
            if (part === 'end') {
              setLog((known) => ({ ...known, hasEnded: true }));
              return;
            }
            after = part.sequence;
            setLog((known) => append(known, part));
          }
        } catch (error) {
          if (error instanceof TokenRefusedError) return refused();
        }
        await pause(retryMs, wake, left.signal);
      }
    };
    void follow();
    return () => left.abort();
  }, [job, api, isLive]);
  return log;
}

function append(log: Log, chunk: LogChunk): Log {
  const chunks = [...log.chunks, chunk];
  let length = chunks.reduce((sum, { text }) => sum + text.length, 0);
  let isCut = log.isCut;
  while (length > maxCharacters && chunks.length > 1) {
    length -= chunks.shift()?.text.length ?? 0;
    isCut = true;
  }
  return { ...log, chunks, isCut };
}
