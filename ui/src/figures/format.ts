// Numbers and dates as people read them; the same rules as the C++ side (base/quantity.h, section/texts.h).
const kUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

export function bytes(value: number): string {
  let unit = 0;
  let v = Math.abs(value);
  while (v >= 999.95 && unit < kUnits.length - 1) {
    v /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || v >= 99.95 ? 0 : 1;
  return (value < 0 ? '−' : '') + trimmed(v.toFixed(digits)) + ' ' + kUnits[unit];
}

export function share(value: number, digits: number = 1): string {
  return trimmed((100 * value).toFixed(digits)) + ' %';
}

export function trimmed(text: string): string {
  return text.indexOf('.') < 0 ? text : text.replace(/\.?0+$/, '');
}

export function twoDigits(n: number): string {
  return (n < 10 ? '0' : '') + n;
}

const kMonths = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

// "Mar" or, in January, the year: what stands under the first of a month.
export function month(date: string): string {
  const m = parseInt(date.substr(5, 2), 10);
  return m === 1 ? date.substr(0, 4) : kMonths[m - 1];
}

export function day(date: string): string {
  return parseInt(date.substr(8, 2), 10) + ' ' + kMonths[parseInt(date.substr(5, 2), 10) - 1];
}

export function escaped(text: string): string {
  return String(text).replace(/[&<>"']/g, function (c) {
    return '&#' + c.charCodeAt(0) + ';';
  });
}

// An axis from 0 that ends on one of its own ticks.
export function niceAxis(most: number, ticks: number): {max: number; interval: number} {
  const rough = (most > 0 ? most : 1) / ticks;
  const power = Math.pow(10, Math.floor(Math.log(rough) / Math.LN10));
  const steps = [1, 2, 2.5, 5, 10];
  for (let i = 0; i < steps.length; i++) {
    const interval = steps[i] * power;
    if (rough <= interval * 1.0000001) return {max: Math.ceil(most / interval - 1e-9) * interval || interval, interval: interval};
  }
  return {max: most, interval: rough};
}
