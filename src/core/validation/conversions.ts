import { isPlainObject, UNDECIDED, type Field, type Members } from './plan';

type Convert = Field['convert'];

/** A value that has no type is copied, however deep; only what JSON knows. */
export function copy(value: unknown): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') return UNDECIDED;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return convertEach(value, copy);
  return isPlainObject(value) ? copyObject(value) : UNDECIDED;
}

function copyObject(object: Members): unknown {
  const copied: Members = {};
  for (const name of Object.keys(object)) {
    // class-transformer leaves out what every object has.
    const member = name in copied ? UNDECIDED : copy(object[name]);
    if (member === UNDECIDED) return UNDECIDED;
    copied[name] = member;
  }
  return copied;
}

/** A nested object, or an array of them. */
export function nested(build: Convert): Convert {
  return (value, mode) => {
    if (value === null || value === undefined) return value;
    return Array.isArray(value) ? convertEach(value, (item) => build(item, mode)) : build(value, mode);
  };
}

/** What `@Type(() => Number)` and its like make of a value. */
const PRIMITIVES = new Map<unknown, (value: unknown) => unknown>([
  [String, String],
  [Number, Number],
  [Boolean, Boolean],
  [Date, (value) => new Date(value instanceof Date ? value.valueOf() : (value as string | number))],
]);

/** Undefined for a type that is no primitive. */
export function primitive(type: unknown): Convert | undefined {
  const make = PRIMITIVES.get(type);
  if (make === undefined) return undefined;
  const convert = (value: unknown): unknown => {
    if (Array.isArray(value)) return convertEach(value, convert);
    return value === null || value === undefined ? value : make(value);
  };
  return convert;
}

function convertEach(values: readonly unknown[], convert: (value: unknown) => unknown): unknown {
  const converted: unknown[] = [];
  for (const value of values) {
    const one = convert(value);
    // What is undefined may be a hole, which class-transformer leaves out. JSON has neither.
    if (one === UNDECIDED || one === undefined) return UNDECIDED;
    converted.push(one);
  }
  return converted;
}
