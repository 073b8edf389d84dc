// Counts by day or week as stacked bars: messages by what became of them. Days without a report are marked, not 0.
import {base, categoryAxis, tooltip, valueAxis} from './common';
import {day, escaped, month, trimmed} from './format';
import type {FigureKind, Frame, Num, Palette} from './types';

interface StackedData {
  dates: string[];
  months: string[]; // names of the months, January first; empty: English
  series: Array<{name: string; role: string; values: Num[]}>; // null: nothing is known about that day
}

const kLegendRow = 20;

// What a role looks like: good in the first colour, what harms in the second, what was stopped in between.
function colourOf(role: string, p: Palette): string {
  if (role === 'good') return p.first;
  if (role === 'bad') return p.second;
  if (role === 'held') return p.heat[3];
  if (role === 'stopped') return p.muted;
  return p.grid;
}

export function count(value: number): string {
  const v = Math.abs(value);
  if (v >= 999500) return trimmed((value / 1e6).toFixed(1)) + ' M';
  if (v >= 10000) return trimmed((value / 1e3).toFixed(1)) + ' k';
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

function label(date: string, data: StackedData): string {
  const m = parseInt(date.substr(5, 2), 10);
  if (data.months.length !== 12) return day(date);
  return data.months[m - 1] + parseInt(date.substr(8, 2), 10) + '日';
}

function rows(data: StackedData, frame: Frame): number {
  let used = 0;
  let lines = 1;
  data.series.forEach(function (one) {
    let width = 40;
    for (let i = 0; i < one.name.length; i++) width += one.name.charCodeAt(i) < 0x2e80 ? 7.5 : 12;
    if (used + width > frame.width && used > 0) {
      lines += 1;
      used = 0;
    }
    used += width;
  });
  return lines;
}

export const stacked: FigureKind<StackedData> = {
  height: function (data, frame) {
    return (frame.narrow ? 220 : 260) + kLegendRow * rows(data, frame);
  },
  option: function (data, frame) {
    const p = frame.palette;
    let most = 0;
    data.dates.forEach(function (_date, i) {
      let sum = 0;
      data.series.forEach(function (one) {
        sum += one.values[i] || 0;
      });
      most = Math.max(most, sum);
    });
    const option = base(frame);
    option.legend = {top: 0, left: 0, itemGap: 14, itemWidth: 14, itemHeight: 10, textStyle: {color: p.ink, fontSize: 12}, selectedMode: frame.live};
    option.grid = {left: 4, right: 8, top: 14 + kLegendRow * rows(data, frame), bottom: 4, containLabel: true};
    const room = frame.narrow ? 4 : 10;
    const step = Math.max(1, Math.ceil(data.dates.length / room));
    const x = categoryAxis(frame, data.dates);
    x.axisLabel = {
      color: p.muted,
      interval: function (index: number) {
        return index % step === 0;
      },
      formatter: function (value: string) {
        return data.dates.length > 366 && data.months.length !== 12 ? month(value) + ' ' + value.substr(0, 4) : label(value, data);
      },
    };
    option.xAxis = x;
    const y = valueAxis(frame, most, count);
    option.yAxis = y;
    const known = data.series.length > 0 ? data.series[0].values : [];
    const all: object[] = data.series.map(function (one) {
      return {
        type: 'bar',
        stack: 'all',
        name: one.name,
        data: one.values,
        barWidth: data.dates.length > 60 ? '92%' : '70%',
        barMaxWidth: 48,
        itemStyle: {color: colourOf(one.role, p)},
      };
    });
    all.push({
      type: 'bar', // days of which no report told, as columns of the whole height
      data: known.map(function (value) {
        return value === null ? y.max : null;
      }),
      barWidth: '101%',
      barGap: '-100%',
      silent: true,
      z: 1,
      itemStyle: {color: p.gap},
    });
    option.series = all;
    if (frame.live) {
      const tip = tooltip(frame);
      tip.trigger = 'axis';
      tip.axisPointer = {type: 'shadow', shadowStyle: {color: p.band}};
      tip.formatter = function (items: Array<{dataIndex: number}>) {
        const i = items[0].dataIndex;
        return (
          '<strong>' + escaped(data.dates[i]) + '</strong>' +
          data.series
            .map(function (one) {
              const value = one.values[i];
              return '<br>' + escaped(one.name) + ' · ' + (value === null ? '–' : count(value));
            })
            .join('')
        );
      };
      option.tooltip = tip;
    }
    return option;
  },
};
