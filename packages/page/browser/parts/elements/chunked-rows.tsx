import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** Rows of one chunk: a chunk is drawn in a few milliseconds. */
const chunkRows = 25;
const rowHeightPx = 37;
/** Drawn before the reader has scrolled there. */
const marginPx = 600;

interface ChunkedRowsProps<T> {
  readonly lines: readonly T[];
  readonly children: (line: T) => VNode;
}

/**
 * The body of a long table. Only rows near what the reader sees are written each second, and rows further down are made
 * when the reader comes near: a thousand rows cost no more than a hundred.
 */
export function ChunkedRows<T>({ lines, children }: ChunkedRowsProps<T>) {
  const chunks = Array.from({ length: Math.ceil(lines.length / chunkRows) }, (_, index) =>
    lines.slice(index * chunkRows, (index + 1) * chunkRows),
  );
  return (
    <>
      {chunks.map((chunk, index) => (
        <Chunk key={index} lines={chunk}>
          {children}
        </Chunk>
      ))}
    </>
  );
}

function Chunk<T>({ lines, children }: ChunkedRowsProps<T>) {
  const place = useRef<HTMLTableSectionElement>(null);
  const drawn = useRef<ComponentChildren>(undefined);
  // The first ones a frame later as well: the frame in which a page opens has enough to do.
  const [isNear, setIsNear] = useState(false);
  useEffect(() => {
    if (!place.current) return;
    const observer = new IntersectionObserver(
      (entries) => setIsNear(entries.some(({ isIntersecting }) => isIntersecting)),
      { rootMargin: `${marginPx}px` },
    );
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  if (isNear) drawn.current = lines.map(children);
  return (
    <tbody ref={place} aria-hidden={drawn.current ? undefined : true}>
      {drawn.current ?? <Placeholder rows={lines.length} />}
    </tbody>
  );
}

function Placeholder({ rows }: { readonly rows: number }) {
  return (
    <tr>
      <td colSpan={99} ref={(cell) => cell?.style.setProperty('height', `${rows * rowHeightPx}px`)} />
    </tr>
  );
}
