// Symbols of Node's own modules: the same for all objects, so each is looked for until it was found once.
const symbols = new Map<string, symbol>();

/** Whether an object has a property of Node's own under a symbol of this name. */
export function hasOwnSymbol(object: object, description: string): boolean {
  return Object.getOwnPropertySymbols(object).some((symbol) => symbol.description === description);
}

/** A property of Node's own under a symbol that isn't exported. */
export function findOwnSymbol(object: object, description: string): unknown {
  const known = symbols.get(description);
  if (known !== undefined) return (object as Record<symbol, unknown>)[known];
  const found = Object.getOwnPropertySymbols(object).find((symbol) => symbol.description === description);
  if (found === undefined) return undefined;
  symbols.set(description, found);
  return (object as Record<symbol, unknown>)[found];
}
