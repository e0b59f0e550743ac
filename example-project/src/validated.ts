import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError as Failure } from 'class-validator';
import { ValidationError } from 'sallyport';

/** What clients of Django REST framework read; other constraints say it in class-validator's words. */
const TEXTS: Readonly<Record<string, string>> = {
  isString: 'Not a valid string.',
  isBoolean: 'Must be a valid boolean.',
  isNotEmpty: 'This field may not be blank.',
};

/**
 * The body as an instance of a class with class-validator's decorators, without the fields that the class doesn't have.
 *
 * @param options.partial whether fields may be missing, as in a PATCH
 * @throws ValidationError with the texts of each field: `{"title": ["This field is required."]}`
 */
export function validated<T extends object>(Input: new () => T, data: unknown, options?: { partial: boolean }): T {
  if (data === null || typeof data !== 'object' || Array.isArray(data)) {
    throw new ValidationError({ non_field_errors: ['Invalid data. Expected a dictionary.'] });
  }
  const input = plainToInstance(Input, data);
  const failures = validateSync(input, { whitelist: true, skipUndefinedProperties: options?.partial ?? false });
  if (failures.length === 0) return input;
  throw new ValidationError(Object.fromEntries(failures.map((failure) => [failure.property, textsOf(failure)])));
}

function textsOf({ value, constraints = {} }: Failure): string[] {
  if (value === undefined) return ['This field is required.'];
  if (value === null) return ['This field may not be null.'];
  const texts = Object.entries(constraints).map(([name, text]) => [name, TEXTS[name] ?? text] as const);
  // What is no text at all needn't hear that it is too long as well.
  const wrongType = texts.filter(([name]) => name === 'isString' || name === 'isBoolean');
  return (wrongType.length > 0 ? wrongType : texts).map(([, text]) => text);
}
