import type * as Transformer from 'class-transformer';
import type * as Validator from 'class-validator';
import { QueryDict } from '../../http/query';
import { ErrorDetail, ImproperlyConfigured, ValidationError, type ErrorTree } from '../exceptions';
import { compiled, type Packages, type Rule } from './compile';
import type { Mode } from './plan';
import { isTypeConstraint, pythonType, wordingOf, type Failure } from './texts';

/** What `validated()` makes of fields that are missing, or unknown. */
export interface ValidationOptions {
  /** Fields that are missing are no error, as in a PATCH. @default false */
  readonly partial?: boolean;
  /** Fields that the class doesn't have are an error; else they are left out. @default false */
  readonly forbidUnknown?: boolean;
  /** The field of errors that belong to none: the setting of this name. @default 'non_field_errors' */
  readonly nonFieldErrorsKey?: string;
}

type Finding = Validator.ValidationError;

/** The two packages are optional: they are loaded by the first call, and only by it. */
function load(): Packages {
  try {
    /* eslint-disable @typescript-eslint/no-require-imports -- an import would load them for everybody */
    const validator = require('class-validator') as typeof Validator;
    const transformer = require('class-transformer') as typeof Transformer;
    /* eslint-enable @typescript-eslint/no-require-imports */
    return { validator, transformer };
  } catch (cause) {
    throw new ImproperlyConfigured('validated() needs two packages: npm install class-validator class-transformer', {
      cause,
    });
  }
}

/**
 * The body of a request as an instance of a class with class-validator's decorators. Only fields that the class
 * declares get in. Errors have DRF's shape and words; a `message` of your own stays.
 *
 * Texts of a form become numbers and booleans where the decorators ask for those; JSON is taken as it is.
 *
 * The decorators of a class are read once, with its first use. A good body then costs little more than a check written by
 * hand, unless the class has validators of your own or class-transformer's `@Transform`, `@Expose` or `@Exclude`.
 *
 * @param Dto a class of which every field has a decorator
 * @param data `request.data`
 * @throws ValidationError `{"title": ["This field is required."]}`
 *
 * @example const input = await validated(NoteInput, request.data);
 */
export async function validated<T extends object>(
  Dto: new () => T,
  data: unknown,
  options: ValidationOptions = {},
): Promise<T> {
  const nonField = options.nonFieldErrorsKey ?? 'non_field_errors';
  const mode = { partial: options.partial === true, forbidUnknown: options.forbidUnknown === true };
  const { packages, rules, plan } = compiled(Dto, load);
  const body = pick(data, rules, nonField);
  return (plan?.accept(body, mode) as T | undefined) ?? judge({ packages, Dto, rules, nonField }, body, mode);
}

interface Judge<T> {
  readonly packages: Packages;
  readonly Dto: new () => T;
  readonly rules: readonly Rule[];
  readonly nonField: string;
}

/** The long way: both packages do their work, and what they find is told in DRF's words. */
async function judge<T extends object>(
  { packages: { validator, transformer }, Dto, rules, nonField }: Judge<T>,
  body: object,
  { partial, forbidUnknown }: Mode,
): Promise<T> {
  const input = transformer.plainToInstance(Dto, body);
  const findings = await validator.validate(input, {
    whitelist: true,
    forbidNonWhitelisted: forbidUnknown,
    forbidUnknownValues: true,
    skipUndefinedProperties: partial,
  });
  const errors = new Report(validator, nonField).ofFields(findings);
  if (!partial) Object.assign(errors, missingNested(input, rules));
  if (Object.keys(errors).length > 0) throw new ValidationError(errors);
  // Fields that were not sent are not there, so that Object.assign(note, input) leaves them alone.
  for (const name of Object.keys(input) as (keyof T)[]) if (input[name] === undefined) delete input[name];
  return input;
}

/**
 * The same error for what class-validator has found elsewhere.
 *
 * @internal
 * @param findings class-validator's `ValidationError`s
 */
export function validationErrorOf(
  findings: readonly object[],
  nonFieldErrorsKey = 'non_field_errors',
): ValidationError {
  return new ValidationError(new Report(load().validator, nonFieldErrorsKey).ofFields(findings as Finding[]));
}

function rulesOf(validator: typeof Validator, Dto: new () => object): readonly Rule[] {
  return validator.getMetadataStorage().getTargetValidationMetadatas(Dto, '', false, false);
}

/** The fields that were sent, as a plain object. */
function pick(data: unknown, rules: readonly Rule[], nonField: string): object {
  if (data instanceof QueryDict) return fromForm(data as QueryDict<unknown>, rules);
  if (data === null || data === undefined) throw new ValidationError({ [nonField]: ['No data provided'] }, 'null');
  if (typeof data === 'object' && !Array.isArray(data)) return data;
  throw new ValidationError({ [nonField]: [notADictionary(data)] });
}

/** class-validator lets a nested object be missing; in DRF every field is required that isn't optional. */
function missingNested(input: object, rules: readonly Rule[]): Record<string, ErrorTree> {
  const optional = new Set(
    rules.filter(({ type }) => type === 'conditionalValidation').map((rule) => rule.propertyName),
  );
  const missing = rules.filter(
    ({ type, propertyName }) =>
      type === 'nestedValidation' &&
      !optional.has(propertyName) &&
      (input as Record<string, unknown>)[propertyName] === undefined,
  );
  return Object.fromEntries(missing.map(({ propertyName }) => [propertyName, texts(REQUIRED)]));
}

function notADictionary(value: unknown): string {
  return `Invalid data. Expected a dictionary, but got ${pythonType(value)}.`;
}

const REQUIRED: Failure = { text: 'This field is required.', code: 'required' };

const NUMBERS: ReadonlySet<string> = new Set(['isInt', 'isNumber', 'min', 'max', 'isPositive', 'isNegative']);
const TRUE = /^(?:true|t|yes|y|on|1)$/i;
const FALSE = /^(?:false|f|no|n|off|0)$/i;

/** A form holds lists of texts; the decorators say what each field is to be. */
function fromForm(form: QueryDict<unknown>, rules: readonly Rule[]): object {
  const plain: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, values] of form.lists()) {
    const own = rules.filter((rule) => rule.propertyName === name);
    const names = new Set(own.map((rule) => rule.name));
    const isList = own.some((rule) => rule.each || /^(?:isArray|array[A-Z])/.test(rule.name ?? ''));
    const read = (value: unknown): unknown => fromText(value, names);
    plain[name] = isList ? values.map(read) : read(values.at(-1));
  }
  return { ...plain };
}

function fromText(value: unknown, rules: ReadonlySet<string | undefined>): unknown {
  if (typeof value !== 'string') return value;
  if (rules.has('isBoolean')) return TRUE.test(value) ? true : FALSE.test(value) ? false : value;
  const isNumber = [...rules].some((name) => name !== undefined && NUMBERS.has(name)) && !rules.has('isString');
  return isNumber && /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i.test(value) ? Number(value) : value;
}

/** Turns class-validator's findings into DRF's tree of errors. */
class Report {
  readonly #validator: typeof Validator;
  readonly #nonField: string;

  constructor(validator: typeof Validator, nonField: string) {
    this.#validator = validator;
    this.#nonField = nonField;
  }

  ofFields(findings: readonly Finding[]): Record<string, ErrorTree> {
    return Object.fromEntries(findings.map((finding) => [finding.property, this.#ofField(finding)]));
  }

  #ofField(finding: Finding): ErrorTree {
    const { children = [], constraints } = finding;
    const value: unknown = finding.value;
    if (value === undefined) return texts(REQUIRED);
    if (value === null) return texts({ text: 'This field may not be null.', code: 'null' });
    if (constraints === undefined && Array.isArray(value)) return this.#ofList(value, children);
    if (constraints === undefined) return this.ofFields(children);
    if (constraints['nestedValidation'] !== undefined) return this.#notNested(value);
    return this.#ofConstraints(finding, constraints);
  }

  /** A list of nested objects: one entry each, empty for the good ones. */
  #ofList(values: readonly unknown[], children: readonly Finding[]): ErrorTree {
    const found = new Map(children.map((child) => [child.property, child]));
    return values.map((value, index) => {
      const child = found.get(String(index));
      if (child === undefined) return {};
      if (value === null || typeof value !== 'object') return this.#notNested(value);
      return this.ofFields(child.children ?? []);
    });
  }

  #notNested(value: unknown): ErrorTree {
    return { [this.#nonField]: texts({ text: notADictionary(value), code: 'invalid' }) };
  }

  #ofConstraints(finding: Finding, constraints: Readonly<Record<string, string>>): ErrorTree {
    const { target } = finding; // absent where class-validator was told to leave it out
    const all = target === undefined ? [] : rulesOf(this.#validator, target.constructor as new () => object);
    const rules = all.filter((rule) => rule.propertyName === finding.property);
    const failed = Object.entries(constraints).map(([name, message]) => ({
      name,
      message,
      rule: rules.find((rule) => rule.name === name),
    }));
    const each = failed.filter(({ rule }) => rule?.each === true);
    if (Array.isArray(finding.value) && each.length === failed.length) return this.#ofItems(finding, each);
    const blank = finding.value === '' ? failed.filter(({ name }) => name === 'isNotEmpty') : [];
    const wrongType = failed.filter(({ name }) => isTypeConstraint(name));
    const told = blank.length > 0 ? blank : wrongType.length > 0 ? wrongType : failed;
    return texts(...told.map((one) => describe(one, finding.value)));
  }

  /** A list of simple values: the errors by index, as DRF's `ListField` has them. */
  #ofItems(finding: Finding, failed: readonly FailedRule[]): ErrorTree {
    const errors: Record<string, ErrorTree> = {};
    (finding.value as unknown[]).forEach((item, index) => {
      const own = failed.filter(({ rule }) => rule !== undefined && !this.#passes(rule, item, finding));
      if (own.length > 0) errors[String(index)] = texts(...own.map((one) => describe(one, item)));
    });
    // An asynchronous rule can't be asked again here: then the texts stand for the whole list.
    return Object.keys(errors).length > 0 ? errors : texts(...failed.map((one) => describe(one, finding.value)));
  }

  #passes(rule: Rule, item: unknown, finding: Finding): boolean {
    const storage = this.#validator.getMetadataStorage();
    return storage.getTargetValidatorConstraints(rule.constraintCls).every(({ async, instance }) => {
      if (async) return true;
      const args = {
        value: item,
        constraints: rule.constraints,
        targetName: '',
        object: finding.target ?? {},
        property: finding.property,
      };
      return instance.validate(item, args) === true;
    });
  }
}

interface FailedRule {
  readonly name: string;
  readonly message: string;
  readonly rule: Rule | undefined;
}

/** The app's own words where it gave some, else DRF's, else class-validator's. */
function describe({ name, message, rule }: FailedRule, value: unknown): Failure {
  const hasOwnMessage = rule?.message !== undefined && rule.message !== '' && rule.message !== null;
  const worded = hasOwnMessage ? null : wordingOf(name, { value, args: (rule?.constraints ?? []) as unknown[] });
  return worded ?? { text: message, code: 'invalid' };
}

function texts(...failures: readonly Failure[]): ErrorDetail[] {
  return failures.map(({ text, code }) => new ErrorDetail(text, code));
}
