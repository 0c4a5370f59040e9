import type { ComponentChildren } from 'preact';
import { BytesCell, ShareCell } from './cells.tsx';
import { ViewLink } from './view-link.tsx';

/** Who, or what, moved how much. */
export interface MovedLine {
  readonly name: string;
  readonly in: number;
  readonly out: number;
  /** What opens; none for a sum of several. */
  readonly view?: Parameters<typeof ViewLink>[0]['view'];
  /** In the second column, where there is one. */
  readonly detail?: string;
}

interface MovedTableProps {
  readonly id?: string;
  /** The head of the first column. */
  readonly title: string;
  /** The head of a second column. */
  readonly detailTitle?: string;
  readonly lines: readonly MovedLine[];
  /** All bytes, of which each line is a part. */
  readonly all: number;
}

/** Bytes in and out by whoever moved them, with their share. */
export function MovedTable({ id, title, detailTitle, lines, all }: MovedTableProps) {
  return (
    <table class="list" id={id}>
      <thead>
        <tr>
          <th scope="col">{title}</th>
          {detailTitle && <th scope="col">{detailTitle}</th>}
          <th scope="col" class="number">
            In
          </th>
          <th scope="col" class="number">
            Out
          </th>
          <th scope="col">Share</th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => (
          <tr key={line.name}>
            <th scope="row">
              <Name line={line} />
            </th>
            {detailTitle && <td data-label={detailTitle}>{line.detail}</td>}
            <BytesCell label="In" bytes={line.in} />
            <BytesCell label="Out" bytes={line.out} />
            <ShareCell label="Share" part={line.in + line.out} of={all} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Name({ line: { name, view } }: { readonly line: MovedLine }): ComponentChildren {
  if (!view) return name;
  return (
    <ViewLink view={view}>
      <code>{name}</code>
    </ViewLink>
  );
}

/** The first lines, and the sum of the others as one. */
export function sumRest(lines: readonly MovedLine[], shown: number): MovedLine[] {
  const rest = lines.slice(shown);
  if (rest.length === 0) return [...lines];
  const left = rest.reduce((sum, line) => ({ in: sum.in + line.in, out: sum.out + line.out }), { in: 0, out: 0 });
  return [...lines.slice(0, shown), { name: `${rest.length} more`, ...left }];
}
