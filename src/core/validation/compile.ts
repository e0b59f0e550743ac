import type * as Transformer from 'class-transformer';
import type * as Validator from 'class-validator';
import { isPromiseLike } from '../policy';
import { isBuiltIn } from './built-in';
import { copy, nested, primitive } from './conversions';
import { Plan, UNDECIDED, type Check, type DtoClass, type Field } from './plan';
import { STRAIGHT, type SureYes } from './straight';

export interface Packages {
  readonly validator: typeof Validator;
  readonly transformer: typeof Transformer;
}

/** One decorator on one field, as class-validator keeps it. */
export type Rule = ReturnType<Validator.MetadataStorage['getTargetValidationMetadatas']>[number];

/** What such a rule asks. */
type Constraint = ReturnType<Validator.MetadataStorage['getTargetValidatorConstraints']>[number];

/** What class-transformer's decorators have said. */
interface TypeStorage {
  getStrategy(target: DtoClass): string;
  getExposedMetadatas(target: DtoClass): readonly unknown[];
  getExcludedMetadatas(target: DtoClass): readonly unknown[];
  findTransformMetadatas(target: DtoClass, name: string, type: Transformer.TransformationType): readonly unknown[];
  findTypeMetadata(target: DtoClass, name: string): TypeMetadata | undefined;
}
interface TypeMetadata {
  readonly typeFunction?: (...args: unknown[]) => unknown;
  /** The type that TypeScript has noted for the field. */
  readonly reflectedType?: unknown;
  readonly options?: { readonly discriminator?: unknown };
}

/** A class with its decorators, read once. */
export interface Compiled {
  readonly packages: Packages;
  readonly rules: readonly Rule[];
  /** Null where the class has more to it: validators of one's own, `@Transform`, `@Expose`, accessors and the like. */
  readonly plan: Plan | null;
}

/** Metadata are complete when a class is: its decorators have run by then. */
const known = new WeakMap<DtoClass, Compiled>();

/**
 * What the decorators of a class say; read with its first use.
 * @param load gives the packages, which not every app has
 */
export function compiled(Dto: DtoClass, load: () => Packages): Compiled {
  let found = known.get(Dto);
  if (found === undefined) {
    const packages = load();
    const rules = packages.validator.getMetadataStorage().getTargetValidationMetadatas(Dto, '', false, false);
    found = { packages, rules, plan: compile(packages, Dto, rules) };
    known.set(Dto, found);
  }
  return found;
}

function compile(packages: Packages, Dto: DtoClass, rules: readonly Rule[]): Plan | null {
  const types = typeStorage();
  // Without rules class-validator refuses everything.
  if (types === null || rules.length === 0 || isReshaped(types, Dto)) return null;
  const fields: Field[] = [];
  for (const name of new Set(rules.map((rule) => rule.propertyName))) {
    const own = rules.filter((rule) => rule.propertyName === name);
    const field = compileField({ packages, types, Dto, name }, own);
    if (field === null) return null;
    fields.push(field);
  }
  return new Plan(Dto, fields);
}

/** class-transformer tells what its decorators said in this module only. Where there is none, the long way is left. */
function typeStorage(): TypeStorage | null {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it for everybody
    return (require('class-transformer/cjs/storage') as { defaultMetadataStorage: TypeStorage }).defaultMetadataStorage;
  } catch {
    return null;
  }
}

function isReshaped(types: TypeStorage, Dto: DtoClass): boolean {
  return (
    types.getStrategy(Dto) !== 'none' ||
    types.getExposedMetadatas(Dto).length > 0 ||
    types.getExcludedMetadatas(Dto).length > 0
  );
}

interface FieldContext {
  readonly packages: Packages;
  readonly types: TypeStorage;
  readonly Dto: DtoClass;
  readonly name: string;
}

function compileField(context: FieldContext, rules: readonly Rule[]): Field | null {
  // A method or accessor under that name is for class-transformer to treat.
  if (context.name in context.Dto.prototype) return null;
  const ofType = (type: string): Rule[] => rules.filter((rule) => rule.type === type);
  const [nestedRules, conditional, allowed] = [
    ofType('nestedValidation'),
    ofType('conditionalValidation'),
    ofType('whitelistValidation'),
  ];
  const definedChecks = ofType('isDefined').map((rule) => checkOf(context, rule));
  const checks = ofType('customValidation').map((rule) => checkOf(context, rule));
  const convert = converterOf(context, nestedRules.length > 0);
  const understood = nestedRules.length + conditional.length + allowed.length + definedChecks.length + checks.length;
  if (convert === null || understood < rules.length || !areChecks(definedChecks) || !areChecks(checks)) return null;
  return {
    name: context.name,
    convert,
    conditions: conditional.map((rule) => (rule.constraints as Field['conditions'])[0]!),
    definedChecks,
    checks,
    isNested: nestedRules.length > 0,
  };
}

function areChecks(checks: readonly (Check | null)[]): checks is readonly Check[] {
  return !checks.includes(null);
}

/** Null for a validator that isn't class-validator's own: it may wait for something, or note that it was asked. */
function checkOf({ packages: { validator }, Dto }: FieldContext, rule: Rule): Check | null {
  const [constraint, ...others] = validator.getMetadataStorage().getTargetValidatorConstraints(rule.constraintCls);
  if (constraint === undefined || others.length > 0 || constraint.async) return null;
  if (!(Object.values(validator) as unknown[]).includes(constraint.name)) return null;
  const { instance } = constraint;
  const { each, propertyName: property } = rule;
  const constraints = rule.constraints as unknown[];
  const targetName = Dto.name;
  const surely = straightFormOf(constraint, constraints);
  const isGoodOne = (one: unknown, value: unknown, object: object): boolean =>
    surely?.(one) === true || isGood(instance.validate(one, { targetName, property, object, value, constraints }));
  if (!each) return (value, object) => isGoodOne(value, value, object);
  return (value, object) => {
    if (!isCollection(value)) return isGoodOne(value, value, object);
    return Array.isArray(value) && value.every((one) => isGoodOne(one, value, object));
  };
}

function straightFormOf({ name, instance }: Constraint, args: readonly unknown[]): SureYes | undefined {
  const straight = STRAIGHT.get(name);
  return straight !== undefined && isBuiltIn(instance, straight.module) ? straight.make(args) : undefined;
}

function isCollection(value: unknown): boolean {
  return Array.isArray(value) || value instanceof Set || value instanceof Map;
}

function isGood(answer: boolean | PromiseLike<boolean>): boolean {
  // Somebody's own validator may have the name of a built-in one. The long way asks it again.
  if (isPromiseLike(answer)) answer.then(undefined, () => undefined);
  return answer === true;
}

/** How class-transformer makes the value of a field; null where that takes more than is done here. */
function converterOf({ packages, types, Dto, name }: FieldContext, isNested: boolean): Field['convert'] | null {
  const { TransformationType } = packages.transformer;
  if (types.findTransformMetadatas(Dto, name, TransformationType.PLAIN_TO_CLASS).length > 0) return null;
  const type = types.findTypeMetadata(Dto, name);
  if (type !== undefined) return typedConverter(packages, type, isNested);
  return isNested ? null : copy;
}

function typedConverter(packages: Packages, type: TypeMetadata, isNested: boolean): Field['convert'] | null {
  const { typeFunction, reflectedType, options } = type;
  // A type that depends on the value is for the long way.
  if (typeFunction === undefined || typeFunction.length > 0 || options?.discriminator !== undefined) return null;
  // Asked for when there is a value, since a class may refer to itself.
  const plan = (): Plan | null => compiled(typeFunction() as DtoClass, () => packages).plan;
  const convert = isNested
    ? nested((value, mode) => plan()?.build(value, mode) ?? UNDECIDED)
    : primitive(typeFunction());
  if (convert === undefined || reflectedType === Map) return null;
  if (ORDINARY.has(reflectedType)) return convert;
  // An array for a field of another type: class-transformer tries to make it one of those.
  return (value, mode) => (Array.isArray(value) ? UNDECIDED : convert(value, mode));
}

/** The types that TypeScript notes for a field that may be an array. */
const ORDINARY: ReadonlySet<unknown> = new Set([undefined, Array, Object]);
