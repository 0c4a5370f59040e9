/** Any function that is called as a method. */
export type Method = (this: unknown, ...args: never[]) => unknown;

/**
 * Replaces a method by one that does more, once in a process: by whichever copy of this package comes first. Nothing
 * happens where there is no such method.
 *
 * @param wrap gets the method, and gives what takes its place.
 */
export function hookOnce<Hooked extends Method>(target: unknown, name: string, wrap: (method: Hooked) => Hooked): void {
  const mark = Symbol.for(`weighbridge.hooked-${name}`);
  const holder = target as Record<PropertyKey, unknown> | undefined;
  const method = holder?.[name];
  if (!holder || typeof method !== 'function' || holder[mark]) return;
  holder[mark] = true;
  holder[name] = wrap(method as unknown as Hooked);
}

/** Whether a method of that name was hooked there, or on its prototypes. */
export function isHooked(target: object, name: string): boolean {
  return Boolean((target as Record<PropertyKey, unknown>)[Symbol.for(`weighbridge.hooked-${name}`)]);
}
