/** Marks a store or a cache whose content is this process's own, and goes with it. */
export const IN_MEMORY: unique symbol = Symbol.for('sallyport.inMemory') as never;

/** Whether a store or a cache carries the mark. */
export function isInMemory(store: unknown): boolean {
  return typeof store === 'object' && store !== null && IN_MEMORY in store;
}
