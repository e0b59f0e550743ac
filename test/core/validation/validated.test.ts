import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { Type } from 'class-transformer';
import {
  ArrayNotEmpty,
  IsArray,
  IsBoolean,
  IsEmail,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { ErrorDetail, QueryDict, validated, ValidationError } from 'sallyport';

class Tag {
  @IsString()
  @IsNotEmpty()
  @MaxLength(3)
  label!: string;
}
class Note {
  @IsString()
  @IsNotEmpty()
  @MaxLength(3)
  title!: string;
  @IsInt()
  @Min(1)
  @Max(5)
  stars!: number;
  @IsOptional()
  @IsEmail()
  email?: string | null;
  @IsIn(['a', 'b'])
  kind!: string;
  @IsArray()
  @ArrayNotEmpty()
  @IsString({ each: true })
  words!: string[];
  @ValidateNested()
  @Type(() => Tag)
  main!: Tag;
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Tag)
  tags!: Tag[];
  @IsBoolean({ message: 'Yes or no?' })
  open!: boolean;
}
const good = {
  title: 'a',
  stars: 1,
  kind: 'a',
  words: ['x'],
  main: { label: 'm' },
  tags: [{ label: 't' }],
  open: true,
};

async function errorsOf(data: unknown, partial = false): Promise<unknown> {
  const error: unknown = await validated(Note, data, { partial }).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error === null) return null;
  if (!(error instanceof ValidationError)) throw error as Error;
  return JSON.parse(JSON.stringify(error.detail));
}

describe('validated', () => {
  it('gives an instance of the class, nested ones too', async () => {
    const note = await validated(Note, good);
    expect(note).toBeInstanceOf(Note);
    expect(note.main).toBeInstanceOf(Tag);
    expect(note.tags[0]).toBeInstanceOf(Tag);
  });

  it('leaves out what the class does not declare, and what would change prototypes', async () => {
    const note = await validated(Note, {
      ...good,
      extra: 1,
      main: { label: 'm', admin: true },
      ...(JSON.parse('{"__proto__":{"isAdmin":true},"constructor":1}') as object),
    });
    expect(Object.keys(note).sort()).toEqual(Object.keys(good).sort());
    expect(Object.keys(note.main)).toEqual(['label']);
    expect((note as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    expect(Object.getPrototypeOf(note)).toBe(Note.prototype);
  });

  it('refuses it by name where the caller asks for that', async () => {
    await expect(validated(Tag, { label: 'x', more: 1 }, { forbidUnknown: true })).rejects.toBeInstanceOf(
      ValidationError,
    );
  });

  it('says which fields are required, nested ones too', async () => {
    const required = ['This field is required.'];
    expect(await errorsOf({})).toEqual({
      title: required,
      stars: required,
      kind: required,
      words: required,
      main: required,
      tags: required,
      open: required,
    });
    expect(await errorsOf({}, true)).toBeNull();
  });

  it('says one thing about a value of the wrong type', async () => {
    expect(
      await errorsOf({ title: 5, stars: 'x', email: 3, kind: 'z', words: 'q', main: 3, tags: 'x', open: 'x' }),
    ).toEqual({
      title: ['Not a valid string.'],
      stars: ['A valid integer is required.'],
      email: ['Enter a valid email address.'],
      kind: ['"z" is not a valid choice.'],
      words: ['Expected a list of items but got type "str".'],
      main: { non_field_errors: ['Invalid data. Expected a dictionary, but got int.'] },
      tags: { non_field_errors: ['Invalid data. Expected a dictionary, but got str.'] },
      open: ['Yes or no?'],
    });
  });

  it('counts items of simple lists by index, and gives nested lists an entry each', async () => {
    expect(
      await errorsOf({ ...good, words: ['a', 3], main: { label: '' }, tags: [{ label: 'a' }, 3, { label: 'long' }] }),
    ).toEqual({
      words: { 1: ['Not a valid string.'] },
      main: { label: ['This field may not be blank.'] },
      tags: [
        {},
        { non_field_errors: ['Invalid data. Expected a dictionary, but got int.'] },
        { label: ['Ensure this field has no more than 3 characters.'] },
      ],
    });
  });

  it('tells blank, null, empty and out of bounds apart', async () => {
    expect(await errorsOf({ ...good, title: '', stars: 9, words: [], main: null })).toEqual({
      title: ['This field may not be blank.'],
      stars: ['Ensure this value is less than or equal to 5.'],
      words: ['This list may not be empty.'],
      main: ['This field may not be null.'],
    });
  });

  it.each([
    [3, 'Invalid data. Expected a dictionary, but got int.'],
    [[], 'Invalid data. Expected a dictionary, but got list.'],
    ['x', 'Invalid data. Expected a dictionary, but got str.'],
    [null, 'No data provided'],
  ])('refuses %j as a whole', async (data, text) => {
    expect(await errorsOf(data)).toEqual({ non_field_errors: [text] });
  });

  it('gives the codes of DRF', async () => {
    const error = (await validated(Tag, { label: 'long' }).catch((thrown: unknown) => thrown)) as ValidationError;
    expect(error.getCodes()).toEqual({ label: ['max_length'] });
    expect((error.detail as Record<string, ErrorDetail[]>)['label']?.[0]).toBeInstanceOf(ErrorDetail);
  });

  it('reads numbers, booleans and lists of a form', async () => {
    class Form {
      @IsInt()
      count!: number;
      @IsBoolean()
      open!: boolean;
      @IsString({ each: true })
      words!: string[];
      @IsString()
      digits!: string;
    }
    const pairs = [
      ['count', '1'],
      ['count', '3'],
      ['open', 'on'],
      ['words', 'a'],
      ['words', 'b'],
      ['digits', '12'],
    ] as const;
    expect({ ...(await validated(Form, new QueryDict(pairs))) }).toEqual({
      count: 3,
      open: true,
      words: ['a', 'b'],
      digits: '12',
    });
  });
});
