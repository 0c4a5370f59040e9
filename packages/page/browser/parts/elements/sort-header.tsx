import { usePage } from '../../state/page-context.ts';

interface SortHeaderProps {
  readonly column: string;
  readonly children: string;
  readonly isNumber?: boolean;
}

/** The head of a column that a table can be sorted by: a second press turns the order around. */
export function SortHeader({ column, children, isNumber = true }: SortHeaderProps) {
  const { address, go } = usePage();
  const isDescending = address.sort === `-${column}`;
  const isAscending = address.sort === column;
  const isFirstAscending = !isNumber;
  const toggle = () => {
    const next = isDescending ? column : isAscending ? `-${column}` : isFirstAscending ? column : `-${column}`;
    go({ ...address, sort: next }, true);
  };
  return (
    <th
      scope="col"
      class={isNumber ? 'number' : undefined}
      aria-sort={isDescending ? 'descending' : isAscending ? 'ascending' : undefined}
    >
      <button type="button" data-sort={column} onClick={toggle}>
        {children}
      </button>
    </th>
  );
}
