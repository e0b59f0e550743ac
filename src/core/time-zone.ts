const OFFSET = /^([+-])([01]\d|2[0-3]):([0-5]\d)$/;

/** Whether there is a time zone of this name; `+05:30` is one as well. */
export function isTimeZone(timeZone: string): boolean {
  // Without asking: the first format loads tables, which takes a tenth of the time until a server listens.
  if (timeZone === 'UTC' || OFFSET.test(timeZone)) return true;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone });
    return true;
  } catch {
    return false;
  }
}

/** The time that a clock in this zone shows, in milliseconds as if it were UTC; without parts of a second. */
export function localTime(time: number, timeZone: string): number {
  // Not all versions of Node know zones of this form by themselves.
  const [, sign, hours, minutes] = OFFSET.exec(timeZone) ?? [];
  if (sign === undefined) return shownIn(time, timeZone);
  const ahead = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return Math.floor(time / 1000) * 1000 + (sign === '-' ? -ahead : ahead);
}

function shownIn(time: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
