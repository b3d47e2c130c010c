// Dates and hours as people in the shop's zone read them. Everything takes and gives epoch seconds.

// China has known no summer time since 1991, so a fixed offset is exact for every moment the sandbox plays.
const OFFSET = 8 * 3600;
const DAY = 86400;
const WEEKDAYS = ["日", "一", "二", "三", "四", "五", "六"];

const two = (n) => String(n).padStart(2, "0");

/** The day's number since 1970 in Shanghai: equal for two moments of the same day. */
export const dayOf = (epoch) => Math.floor((epoch + OFFSET) / DAY);

function parts(epoch) {
  const shifted = new Date((epoch + OFFSET) * 1000);
  return {
    year: shifted.getUTCFullYear(),
    month: shifted.getUTCMonth() + 1,
    day: shifted.getUTCDate(),
    weekday: WEEKDAYS[shifted.getUTCDay()],
    hm: `${two(shifted.getUTCHours())}:${two(shifted.getUTCMinutes())}`,
    seconds: two(shifted.getUTCSeconds()),
  };
}

/** "10:05", as in a phone's status bar. */
export const hourMinute = (epoch) => parts(epoch).hm;

/** {year: "2026年", date: "11月22日 周日", time: "10:00", seconds: ":05"} for the clock bar. */
export function clockFace(epoch) {
  const { year, month, day, weekday, hm, seconds } = parts(epoch);
  return { year: `${year}年`, date: `${month}月${day}日 周${weekday}`, time: hm, seconds: `:${seconds}` };
}

/** The line above a group of messages, worded like WeChat's. */
export function separator(epoch, now) {
  const { year, month, day, weekday, hm } = parts(epoch);
  const days = dayOf(now) - dayOf(epoch);
  if (days === 0) return hm;
  if (days === 1) return `昨天 ${hm}`;
  if (days > 1 && days < 7) return `星期${weekday} ${hm}`;
  if (year === parts(now).year) return `${month}月${day}日 ${hm}`;
  return `${year}年${month}月${day}日 ${hm}`;
}

/** The short form at the right of the people list. */
export function listTime(epoch, now) {
  const { year, month, day, weekday, hm } = parts(epoch);
  const days = dayOf(now) - dayOf(epoch);
  if (days === 0) return hm;
  if (days === 1) return "昨天";
  if (days > 1 && days < 7) return `星期${weekday}`;
  if (year === parts(now).year) return `${month}月${day}日`;
  return `${year}/${month}/${day}`;
}

/** `hour` o'clock, `days` days after the day of `epoch`. */
export const atHour = (epoch, days, hour) => (dayOf(epoch) + days) * DAY - OFFSET + hour * 3600;

/** The value of a datetime-local field, and back (null when the field is empty or half filled). */
export const toField = (epoch) => new Date((epoch + OFFSET) * 1000).toISOString().slice(0, 16);
export function fromField(value) {
  const milliseconds = Date.parse(`${value.length === 10 ? `${value}T10:00` : value}:00Z`);
  return Number.isNaN(milliseconds) ? null : milliseconds / 1000 - OFFSET;
}
