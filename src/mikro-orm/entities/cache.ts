import type { EntitySchema } from '@mikro-orm/core';
import { standaloneSchema } from './schema';

/** A row of the shared cache. The store reads and writes the table by statements of its own, and makes none of these. */
export class CacheEntry {
  key!: string;
  /** A value as JSON; null in a row of a counter. */
  value!: string | null;
  /** When the requests came that a counter holds, oldest first, seconds; null in a row of a value. */
  hits!: number[] | null;
  /** Whether the last hit was within the limit. */
  allowed!: boolean | null;
  expiresAt!: Date;
}

/** The table `sallyport_cache`, for the list of entities of an app that keeps its counters in PostgreSQL. */
export const CacheSchema: EntitySchema<CacheEntry> = standaloneSchema<CacheEntry>({
  class: CacheEntry,
  tableName: 'sallyport_cache',
  properties: {
    key: { type: 'text', primary: true },
    value: { type: 'text', nullable: true },
    hits: { type: 'any', columnType: 'double precision[]', nullable: true },
    allowed: { type: 'boolean', nullable: true },
    expiresAt: { type: 'datetime', columnType: 'timestamptz', fieldName: 'expires_at' },
  },
});
