import { formatExact } from '../format.ts';
import { ViewTitle } from '../parts/view-title.tsx';
import { usePage } from '../state/page-context.ts';

/** Bytes that belong to no exchange. */
export function UnattributedView() {
  const { bandwidth } = usePage().model;
  return (
    <>
      <ViewTitle kind="Unattributed">Bytes that belong to no exchange</ViewTitle>
      <section class="card">
        {bandwidth && (
          <p>
            {formatExact(bandwidth.unattributed.in)} bytes in, {formatExact(bandwidth.unattributed.out)} bytes out
          </p>
        )}
      </section>
    </>
  );
}
