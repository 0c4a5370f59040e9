import type { ComponentChildren } from 'preact';
import { formatAddress, type View, withView } from '../../state/address.ts';
import { usePage } from '../../state/page-context.ts';

interface ViewLinkProps {
  readonly view: View;
  readonly title?: string;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A link to another view, at the same time and window. */
export function ViewLink({ view, children, ...rest }: ViewLinkProps) {
  const { address, go } = usePage();
  const target = withView(address, view);
  const onClick = (event: MouseEvent) => {
    // A new tab or window is the browser's.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    go(target);
  };
  return (
    <a href={formatAddress(target)} onClick={onClick} {...rest}>
      {children}
    </a>
  );
}
