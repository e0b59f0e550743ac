import { createHash } from 'node:crypto';

/** Characters that PostgreSQL keeps of a name. */
const MAX_LENGTH = 63;

/**
 * The name that Django gives to an index, a constraint or a foreign key: table, columns, and a digest of both before the
 * suffix, each part shortened where the whole is too long.
 */
export function djangoName(table: string, columns: string | readonly string[], suffix: string): string {
  const names = [columns].flat();
  const column = names.join('_');
  const digest =
    createHash('md5')
      .update([table, ...names].join(''))
      .digest('hex')
      .slice(0, 8) + suffix;
  const name = `${table}_${column}_${digest}`;
  if (name.length <= MAX_LENGTH) return name;
  const end = digest.slice(0, MAX_LENGTH / 3);
  const length = Math.floor((MAX_LENGTH - end.length) / 2) - 1;
  return `${table.slice(0, length)}_${column.slice(0, length)}_${end}`;
}
