import { localTime } from '../../core/time-zone';

/** The fields of a moment in some time zone, each a number as people write it. */
interface Fields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
  /** Minutes that the zone is ahead of UTC. */
  readonly offset: number;
  /** The day of the week, 0 for Sunday. */
  readonly weekday: number;
  readonly zone: string;
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

const pad = (value: number, length = 2): string => String(value).padStart(length, '0');
const hour12 = (hour: number): number => (hour % 12 === 0 ? 12 : hour % 12);

/** The directives of Python's `strftime` in its own locale, `C`. */
const DIRECTIVES: Readonly<Record<string, (time: Fields) => string>> = {
  a: ({ weekday }) => DAYS[weekday]!.slice(0, 3),
  A: ({ weekday }) => DAYS[weekday]!,
  w: ({ weekday }) => String(weekday),
  u: ({ weekday }) => String(weekday === 0 ? 7 : weekday),
  d: ({ day }) => pad(day),
  b: ({ month }) => MONTHS[month - 1]!.slice(0, 3),
  B: ({ month }) => MONTHS[month - 1]!,
  m: ({ month }) => pad(month),
  y: ({ year }) => pad(year % 100),
  Y: ({ year }) => String(year),
  H: ({ hour }) => pad(hour),
  I: ({ hour }) => pad(hour12(hour)),
  p: ({ hour }) => (hour < 12 ? 'AM' : 'PM'),
  M: ({ minute }) => pad(minute),
  S: ({ second }) => pad(second),
  f: microseconds,
  z: ({ offset }) => formatOffset(offset, ''),
  Z: ({ zone }) => zone,
  j: ({ year, month, day }) => pad((Date.UTC(year, month - 1, day) - Date.UTC(year, 0, 0)) / 86_400_000, 3),
  c: (time) => strftime('%a %b %d %H:%M:%S %Y', time).replace(/ 0(\d) /, '  $1 '),
  x: (time) => strftime('%m/%d/%y', time),
  X: (time) => strftime('%H:%M:%S', time),
  D: (time) => strftime('%m/%d/%y', time),
  F: (time) => strftime('%Y-%m-%d', time),
  R: (time) => strftime('%H:%M', time),
  T: (time) => strftime('%H:%M:%S', time),
  '%': () => '%',
};

/**
 * A moment as Django REST framework's `DateTimeField` writes it.
 *
 * @param format `iso-8601`, or a pattern of Python's `strftime`, of which unknown directives stay as they are
 * @param timeZone a name such as `Europe/Vienna`, or an offset such as `+05:30`
 * @throws RangeError for a time zone that nobody knows
 */
export function formatDateTime(moment: Date, format: string, timeZone: string): string {
  const time = fieldsOf(moment, timeZone);
  if (format.toLowerCase() !== 'iso-8601') return strftime(format, time);
  const fraction = time.millisecond === 0 ? '' : `.${microseconds(time)}`;
  const zone = time.offset === 0 ? 'Z' : formatOffset(time.offset, ':');
  return `${pad(time.year, 4)}-${strftime('%m-%dT%H:%M:%S', time)}${fraction}${zone}`;
}

function strftime(pattern: string, time: Fields): string {
  return pattern.replace(/%(.)/g, (whole, directive: string) => DIRECTIVES[directive]?.(time) ?? whole);
}

function microseconds({ millisecond }: Fields): string {
  return `${pad(millisecond, 3)}000`;
}

function formatOffset(minutes: number, separator: string): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}${separator}${pad(size % 60)}`;
}

function fieldsOf(moment: Date, timeZone: string): Fields {
  const shown = localTime(moment.getTime(), timeZone);
  const fields = new Date(shown);
  const offset = (shown - Math.floor(moment.getTime() / 1000) * 1000) / 60_000;
  return {
    year: fields.getUTCFullYear(),
    month: fields.getUTCMonth() + 1,
    day: fields.getUTCDate(),
    hour: fields.getUTCHours(),
    minute: fields.getUTCMinutes(),
    second: fields.getUTCSeconds(),
    millisecond: moment.getUTCMilliseconds(),
    offset,
    weekday: fields.getUTCDay(),
    zone: nameOf(moment, timeZone) ?? formatOffset(offset, ':'),
  };
}

/** The short name of a zone; null for one that is written as an offset. */
function nameOf(moment: Date, timeZone: string): string | null {
  if (/^[+-]/.test(timeZone)) return null;
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'short' });
  return format.formatToParts(moment).find(({ type }) => type === 'timeZoneName')!.value;
}
