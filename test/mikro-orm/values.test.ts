import { describe, expect, it } from '@jest/globals';
import type { EntityProperty } from '@mikro-orm/core';
import { canHold } from '../../src/mikro-orm/stores/values';

const column = (type: string): EntityProperty => ({ columnTypes: [type] }) as unknown as EntityProperty;
const uuid = '0190163d-8694-739b-aea5-966c26f8ad90';

describe('canHold', () => {
  it.each<[string, unknown[], unknown[]]>([
    ['smallint', [32_767, '-32768'], [32_768, '-32769', 2 ** 31]],
    ['int', [0, '7', '0007', 2 ** 31 - 1, -(2 ** 31), 5n], [2 ** 31, '-2147483649', 1.5, 'x', '', ' 1', '1e3', NaN]],
    ['integer', [1], ['1\0', '0x1']],
    ['serial', [1], [2 ** 31]],
    ['bigint', ['9223372036854775807', 2 ** 40], ['9223372036854775808', '9'.repeat(400)]],
    ['int8', ['9223372036854775807'], ['9223372036854775808']],
    ['uuid', [uuid, uuid.toUpperCase(), uuid.replaceAll('-', '')], ['x', `${uuid}0`, 7, '']],
    ['varchar(40)', ['', 'x', 7, "' OR 1=1", '%'], ['a\0']],
    ['interval', ['1 day'], []],
  ])('tells what a column of type %s can hold', (type, possible, impossible) => {
    for (const value of possible) expect([value, canHold(column(type), value)]).toEqual([value, true]);
    for (const value of [...impossible, null, undefined, {}, [], true]) {
      expect([value, canHold(column(type), value)]).toEqual([value, false]);
    }
  });
});
