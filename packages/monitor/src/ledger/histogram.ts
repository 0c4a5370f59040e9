/** Upper bounds of the size histograms in bytes: 100 B to 1 GB by tens; +Inf follows. */
export const sizeBounds = Object.freeze([1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]);

/** Index of the first bound that is not below `bytes`; `sizeBounds.length` for +Inf. */
export function bucketOf(bytes: number): number {
  if (bytes <= 1e4) return bytes <= 1e2 ? 0 : bytes <= 1e3 ? 1 : 2;
  if (bytes <= 1e6) return bytes <= 1e5 ? 3 : 4;
  if (bytes <= 1e8) return bytes <= 1e7 ? 5 : 6;
  return bytes <= 1e9 ? 7 : 8;
}
