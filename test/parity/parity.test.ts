import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultOf, parityPage, readRows, rowIds } from '../../scripts/parity-rows.cjs';
import type { Lists, Row, TestResult } from '../../scripts/parity-rows.cjs';

const lists = {
  sections: { 'A section': { 'D-001': ['W', 'First'], 'D-002': ['I', 'Second'] } },
  notFollowed: {},
  notYet: {},
} as const;

function test(title: string, status = 'passed'): TestResult {
  return { file: 'test/core/views.test.ts', title, status };
}

function firstRow(
  results: readonly TestResult[],
  exceptions: Partial<Record<'notFollowed' | 'notYet', object>> = {},
): Row {
  return readRows({ ...lists, ...exceptions }, results).rows[0]!;
}

describe('a row', () => {
  it('is proven by a test that names it and passes', () => {
    expect(faultOf(firstRow([test('D-001: works')]))).toBeUndefined();
  });

  it('is at fault when no test names it', () => {
    expect(faultOf(firstRow([test('D-002: works')]))).toBe('no test names it');
  });

  it.each(['failed', 'pending', 'todo'])('is at fault when one of its tests is %s', (status) => {
    const fault = faultOf(firstRow([test('one (D-001)'), test('two (D-001)', status)]));
    expect(fault).toBe(`${status}: test/core/views.test.ts: two (D-001)`);
  });

  it('needs no test when it is not followed, but may have one that shows the difference', () => {
    const exceptions = { notFollowed: { 'D-001': 'Because.' } };
    expect(faultOf(firstRow([], exceptions))).toBeUndefined();
    expect(faultOf(firstRow([test('D-001')], exceptions))).toBeUndefined();
    expect(faultOf(firstRow([test('D-001', 'failed')], exceptions))).toMatch(/^failed/);
  });

  it('leaves the list of what comes later as soon as a test proves it', () => {
    const exceptions = { notYet: { 'View sets': 'D-001' } };
    expect(faultOf(firstRow([], exceptions))).toBeUndefined();
    expect(faultOf(firstRow([test('D-001')], exceptions))).toMatch(/^listed for later \(View sets\), but proven/);
  });

  it('stands in one list of exceptions at most', () => {
    const exceptions = { notFollowed: { 'D-001': 'Because.' }, notYet: { 'View sets': 'D-001' } };
    expect(faultOf(firstRow([], exceptions))).toBe('stands in both lists of exceptions');
  });
});

describe('a title', () => {
  // Titles of their own would name the rows.
  it('names rows one by one, or the first and the last', () => {
    expect(rowIds('D-017: looks up')).toEqual(['D-017']);
    expect(rowIds('reads it (A-064, A-066)')).toEqual(['A-064', 'A-066']);
    expect(rowIds('all of them (S-008 to S-010, D-001)')).toEqual(['S-008', 'S-009', 'S-010', 'D-001']);
    expect(rowIds('nothing of WORD-001 or D-1234')).toEqual([]);
  });

  it('that names a row which does not exist is told', () => {
    const { unknown } = readRows(lists, [test('works (D-003)')]);
    expect(unknown).toEqual([{ id: 'D-003', where: 'test/core/views.test.ts: works (D-003)' }]);
  });
});

describe('the page', () => {
  it('shows each row with the files that prove it, or with the reason why none does', () => {
    const { rows } = readRows({ ...lists, notFollowed: { 'D-002': 'Because.' } }, [test('one (D-001)'), test('D-001')]);
    const page = parityPage(rows);
    expect(page).toContain('\n## A section\n');
    expect(page).toContain('| D-001 | W | First | [core/views](../test/core/views.test.ts) |\n');
    expect(page).toContain('| D-002 | I | Second | *differs:* Because. |\n');
    expect(page).toContain('| 1 | 1 | 0 |\n');
  });
});

describe('the lists', () => {
  function read(name: string): unknown {
    return JSON.parse(readFileSync(join(__dirname, name), 'utf8'));
  }

  const rows = Object.values(read('rows.json') as Lists['sections']).flatMap((section) => Object.entries(section));

  it('name each row once, in order, with kinds that the page explains', () => {
    const ids = rows.map(([id]) => id);
    for (const letter of ['D', 'S', 'A', 'JO']) {
      const own = ids.filter((id) => id.startsWith(`${letter}-`));
      expect(own).toEqual(own.map((_, index) => `${letter}-${String(index + 1).padStart(3, '0')}`));
    }
    // The numbers of packages leave gaps between their sections.
    const families = new Set(ids.map((id) => id.split('-')[0]!));
    for (const letter of families) {
      const own = ids.filter((id) => id.startsWith(`${letter}-`));
      expect(own).toEqual([...new Set(own)].sort());
    }
    expect(rowIds(ids.join(' '))).toEqual(ids);
    for (const [, [kind]] of rows) expect(kind).toMatch(/^[WIDCGT](, [WIDCGT])*$/);
  });

  it('except only rows that there are, each in one place', () => {
    const known = rows.map(([id]) => id);
    const notFollowed = Object.keys(read('not-followed.json') as Lists['notFollowed']);
    const notYet = Object.values(read('not-yet.json') as Lists['notYet']).flatMap(rowIds);
    const excepted = [...notFollowed, ...notYet];
    expect(excepted.filter((id, index) => !known.includes(id) || excepted.indexOf(id) !== index)).toEqual([]);
  });
});
