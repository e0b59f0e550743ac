/**
 * The short way through `validated()`. What class-transformer and class-validator would do with a body is read from their
 * metadata once for each class; the built-in constraints are class-validator's own functions, called directly, or code
 * that says yes to the same values sooner.
 *
 * The short way only says yes. Where it can't, the long way is taken, and finds the words: so both give the same answers.
 */

/** Not for the short way to say. */
export const UNDECIDED: unique symbol = Symbol('undecided');

export interface Mode {
  /** Fields that are missing are no error. */
  readonly partial: boolean;
  /** Fields that the class doesn't have are one. */
  readonly forbidUnknown: boolean;
}

export type DtoClass = new () => object;
export type Members = Record<string, unknown>;
/** Whether a value of a field is good, beyond doubt. */
export type Check = (value: unknown, instance: object) => boolean;

/** What the decorators say of one field. */
export interface Field {
  readonly name: string;
  /** The value as class-transformer makes it, or `UNDECIDED`. */
  readonly convert: (value: unknown, mode: Mode) => unknown;
  /** Where one of these is false, nothing else is asked. */
  readonly conditions: readonly ((instance: object, value: unknown) => boolean)[];
  /** What a missing value must pass even in a partial body. */
  readonly definedChecks: readonly Check[];
  readonly checks: readonly Check[];
  readonly isNested: boolean;
}

/** What is done with a body for one class. */
export class Plan {
  readonly #Dto: DtoClass;
  readonly #fields: readonly Field[];
  readonly #byName: ReadonlyMap<string, Field>;
  readonly #nested: readonly Field[];

  constructor(Dto: DtoClass, fields: readonly Field[]) {
    this.#Dto = Dto;
    this.#fields = fields;
    this.#byName = new Map(fields.map((field) => [field.name, field]));
    this.#nested = fields.filter((field) => field.isNested);
  }

  /** The instance that `validated()` gives for a good body; undefined where the long way has to be taken. */
  accept(data: object, mode: Mode): object | undefined {
    const instance = this.build(data, mode);
    if (instance === undefined || (!mode.partial && this.#lacksNested(instance))) return undefined;
    for (const name of Object.keys(instance)) if (instance[name] === undefined) Reflect.deleteProperty(instance, name);
    return instance;
  }

  /** The same for a nested object, where fields that are undefined stay. */
  build(source: unknown, mode: Mode): Members | undefined {
    if (!isPlainObject(source)) return undefined;
    const instance = new this.#Dto() as Members;
    if (!this.#fill(instance, source, mode) || !this.#dropUnknown(instance, mode)) return undefined;
    if (this.#hasOwnNested(instance, source)) return undefined;
    for (const field of this.#fields) if (!passes(field, instance, mode)) return undefined;
    return instance;
  }

  #fill(instance: Members, source: Members, mode: Mode): boolean {
    for (const name of Object.keys(source)) {
      const field = this.#byName.get(name);
      if (field === undefined) {
        // What the class inherits may be a setter, which class-transformer would call.
        if (mode.forbidUnknown || name in this.#Dto.prototype) return false;
        continue;
      }
      const value = field.convert(source[name], mode);
      if (value === UNDECIDED || typeof instance[name] === 'function') return false;
      instance[name] = value;
    }
    return true;
  }

  /** Fields that the constructor makes, and no decorator knows. */
  #dropUnknown(instance: Members, mode: Mode): boolean {
    for (const name of Object.keys(instance)) {
      if (this.#byName.has(name)) continue;
      if (mode.forbidUnknown) return false;
      Reflect.deleteProperty(instance, name);
    }
    return true;
  }

  /** A nested object of the constructor's own making, which wasn't looked at here. */
  #hasOwnNested(instance: Members, source: Members): boolean {
    for (const { name } of this.#nested) if (instance[name] !== undefined && !Object.hasOwn(source, name)) return true;
    return false;
  }

  /** class-validator lets a nested object be missing, and `validated()` doesn't. */
  #lacksNested(instance: Members): boolean {
    for (const { conditions, name } of this.#nested) {
      if (conditions.length === 0 && instance[name] === undefined) return true;
    }
    return false;
  }
}

function passes(field: Field, instance: Members, { partial }: Mode): boolean {
  const value = instance[field.name];
  for (const condition of field.conditions) {
    // A nested object that isn't looked at keeps its unknown fields.
    if (!condition(instance, value)) return !field.isNested || value === undefined || value === null;
  }
  if (!passesAll(field.definedChecks, value, instance)) return false;
  if (value === undefined && partial) return true;
  return passesAll(field.checks, value, instance) && !(field.isNested && value === null);
}

function passesAll(checks: readonly Check[], value: unknown, instance: object): boolean {
  for (const check of checks) if (!check(value, instance)) return false;
  return true;
}

/** One that has neither another prototype nor pretends to. */
export function isPlainObject(value: unknown): value is Members {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype &&
    !Object.hasOwn(value, 'constructor') &&
    !('then' in value)
  );
}
