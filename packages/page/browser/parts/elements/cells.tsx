import { formatBytes, formatExact, formatRate, formatShare } from '../../format.ts';

/** Bytes in three digits; every digit under the pointer. */
export function BytesCell({ label, bytes }: { readonly label: string; readonly bytes: number }) {
  return (
    <td class="number" data-label={label} title={`${formatExact(bytes)} bytes`}>
      {formatBytes(bytes)}
    </td>
  );
}

export function RateCell({ rate }: { readonly rate: number | undefined }) {
  return (
    <td class="number" data-label="Rate">
      {formatRate(rate)}
    </td>
  );
}

export function CountCell({ label, count }: { readonly label: string; readonly count: number }) {
  return (
    <td class="number" data-label={label}>
      {formatExact(count)}
    </td>
  );
}

/** A part of a whole, as a bar and in percent. */
export function ShareCell({ label, part, of }: { readonly label: string; readonly part: number; readonly of: number }) {
  return (
    <td class="share" data-label={label}>
      <Bar filled={of > 0 ? part / of : 0} />
      {formatShare(part, of)}
    </td>
  );
}

/** @param filled 0 to 1. */
export function Bar({ filled }: { readonly filled: number }) {
  // The page's policy allows no style attribute, but scripts may set a property.
  return <span class="bar" ref={(element) => element?.style.setProperty('--fill', filled.toFixed(4))} />;
}
