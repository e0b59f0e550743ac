/** A class and all that it inherits from. */
export function ancestry(type: unknown): readonly unknown[] {
  const found: unknown[] = [];
  for (let current = type; typeof current === 'function'; current = Object.getPrototypeOf(current)) found.push(current);
  return found;
}
