import { describe, expect, it } from '@jest/globals';
import { answer, answerLine, type Output } from './adapter/answers';
import { django, type Sample } from './samples';
import { exceptedSamples, reasonOf } from './waiting';

type AnySample = Sample<unknown, Output>;

const samples = django.samples as readonly AnySample[];
const kinds = [...new Set(samples.map(({ kind }) => kind))];

/** Django's answer, of which only what is asked for counts. */
function expectedOf({ kind, expect: expected }: AnySample): Output {
  if (kind !== 'password.check' || expected['ok'] === true) return expected;
  return { ok: false, usable: expected['usable'] };
}

async function isAnswered(sample: AnySample): Promise<boolean> {
  const output = await answer(sample.kind, sample.input);
  try {
    expect(output).toMatchObject(expectedOf(sample));
    return true;
  } catch {
    return false;
  }
}

/** The bytes of what is compressed are up to the library that does it. */
const isCompressed = ({ kind, expect: expected }: AnySample): boolean =>
  kind === 'session.encode' && String(expected['session_data']).startsWith('.');

describe.each(kinds.filter((kind) => reasonOf(kind) === undefined))('The samples of %s', (kind) => {
  const ofKind = samples.filter((sample) => sample.kind === kind && !isCompressed(sample));

  it.each(ofKind.filter(({ id }) => !exceptedSamples.has(id)))('are answered as by Django: $id', async (sample) => {
    expect(await answer(kind, sample.input)).toMatchObject(expectedOf(sample));
  });

  const excepted = ofKind.filter(({ id }) => exceptedSamples.has(id));
  if (excepted.length > 0) {
    it.each(excepted)('are answered otherwise where the list says so: $id', async (sample) => {
      expect(await isAnswered(sample)).toBe(false);
    });
  }
});

describe('A line', () => {
  const reply = async (line: unknown): Promise<unknown> =>
    JSON.parse(await answerLine(typeof line === 'string' ? line : JSON.stringify(line)));

  it('is answered under its id', async () => {
    const input = { username: 'ﬁsh', email: 'A@B.C' };
    const output = { username: 'fish', email: 'A@b.c' };
    expect(await reply({ id: 'x', kind: 'user.normalize', input })).toEqual({ id: 'x', output });
    expect(await reply({ id: 7, kind: 'user.normalize', input })).toEqual({ id: 7, output });
  });

  const waits = kinds.filter((kind) => reasonOf(kind) !== undefined);
  it.each(waits)('says that %s waits', async (kind) => {
    const exception = `RangeError: ${kind}: ${reasonOf(kind)!}`;
    expect(await reply({ id: 1, kind, input: {} })).toEqual({ id: 1, output: { exception } });
  });

  it.each([
    '{',
    'null',
    '[]',
    '17',
    '"text"',
    '{}',
    '{"id":1,"kind":"toString"}',
    '{"id":1,"kind":["signing.sign"]}',
    ...kinds.flatMap((kind) => [{ kind }, { kind, input: null }, { kind, input: [] }, { kind, input: { value: {} } }]),
  ])('that makes no sense is answered too: %j', async (line) => {
    expect(await reply(line)).toMatchObject({ output: expect.any(Object) });
  });
});
