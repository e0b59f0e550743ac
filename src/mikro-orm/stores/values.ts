import type { EntityProperty } from '@mikro-orm/core';

const INTEGER = /^(?:small|big)?(?:int|integer|serial)\d?$/;
const UUID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/**
 * Whether the column could hold the value at all. PostgreSQL doesn't answer "no such row" to the question for another,
 * it fails, and the transaction under way with it.
 */
export function canHold(property: EntityProperty, value: unknown): boolean {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return false;
  const text = String(value);
  const type = property.columnTypes[0]?.toLowerCase() ?? '';
  if (INTEGER.test(type)) return /^-?\d{1,19}$/.test(text) && fits(BigInt(text), bitsOf(type));
  if (type === 'uuid') return UUID.test(text);
  return !text.includes('\0');
}

function bitsOf(integerType: string): number {
  if (/big|8/.test(integerType)) return 64;
  return /small|2/.test(integerType) ? 16 : 32;
}

function fits(value: bigint, bits: number): boolean {
  return BigInt.asIntN(bits, value) === value;
}
