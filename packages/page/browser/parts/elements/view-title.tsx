import type { ComponentChildren } from 'preact';
import { ViewLink } from './view-link.tsx';

/** The head of a view that was opened, with the way back. */
export function ViewTitle({ kind, children }: { readonly kind: string; readonly children: ComponentChildren }) {
  return (
    <div class="view-title">
      <nav aria-label="Where you are">
        <ViewLink view={{ name: 'overview' }}>Overview</ViewLink> <span aria-hidden="true">›</span> {kind}
      </nav>
      <h2>{children}</h2>
    </div>
  );
}
