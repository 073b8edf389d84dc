// Volume by local day: bars, the two means, changes of level, and days that nobody watched.
import {base, categoryAxis, tooltip, valueAxis} from './common';
import {bytes, day, escaped, month} from './format';
import type {FigureKind, Frame, Num} from './types';

interface ChangePoint {
  date: string;
  confidence: string;
  before: number;
  after: number;
}

interface DailyData {
  dates: string[];
  bytes: Num[];
  hours: Num[];
  change_points: ChangePoint[];
  mean: Num;
  comparison_mean: Num;
  labels: {bytes: string; mean: string; comparison_mean: string; change: string; hours: string};
}

// Which dates carry a label: firsts of months where the span is long, single days where it is short.
function labelled(dates: string[], frame: Frame): {[index: number]: string} {
  const result: {[index: number]: string} = {};
  const room = frame.narrow ? 5 : 12;
  if (dates.length <= 62) {
    const step = Math.max(1, Math.ceil(dates.length / room));
    for (let i = 0; i < dates.length; i += step) result[i] = day(dates[i]);
    return result;
  }
  const firsts: number[] = [];
  for (let i = 0; i < dates.length; i++) if (dates[i].substr(8, 2) === '01') firsts.push(i);
  const step = [1, 2, 3, 6, 12].filter(function (s) {
    return firsts.length / s <= room;
  })[0] || 12;
  for (let i = 0; i < firsts.length; i++) {
    const monthNumber = parseInt(dates[firsts[i]].substr(5, 2), 10);
    if ((monthNumber - 1) % step === 0) result[firsts[i]] = month(dates[firsts[i]]);
  }
  return result;
}

// A mean with its name: in the right margin, or on a phone (no margin to spare) above the line.
function meanLine(value: number, name: string, colour: string, dashed: boolean, above: boolean, frame: Frame): object {
  return {
    yAxis: value,
    lineStyle: {color: colour, width: 1.75, type: dashed ? [5, 4] : 'solid'},
    label: {
      show: true,
      position: frame.narrow ? (above ? 'insideStartTop' : 'insideStartBottom') : 'end',
      color: colour,
      fontWeight: 600,
      fontSize: 12,
      lineHeight: 15,
      formatter: name + (frame.narrow ? ' ' : '\n') + bytes(value),
      verticalAlign: frame.narrow ? undefined : above ? 'bottom' : 'top',
      offset: frame.narrow ? undefined : [0, above ? 8 : -8],
      textBorderColor: frame.palette.surface,
      textBorderWidth: frame.narrow ? 3 : 0,
    },
  };
}

export const daily: FigureKind<DailyData> = {
  height: function (_data, frame) {
    return frame.narrow ? 240 : 300;
  },
  option: function (data, frame) {
    const p = frame.palette;
    const ticks = labelled(data.dates, frame);
    let most = 0;
    data.bytes.forEach(function (v) {
      most = Math.max(most, v || 0);
    });
    const marks: object[] = [];
    const meanIsAbove = data.comparison_mean === null || (data.mean || 0) >= data.comparison_mean;
    if (data.mean !== null)
      marks.push(meanLine(data.mean, data.labels.mean, p.ink, false, meanIsAbove, frame));
    if (data.comparison_mean !== null) {
      most = Math.max(most, data.comparison_mean);
      marks.push(meanLine(data.comparison_mean, data.labels.comparison_mean, p.second, true, !meanIsAbove, frame));
    }
    data.change_points.forEach(function (point) {
      marks.push({
        xAxis: point.date,
        lineStyle: {color: p.second, width: 1, type: [2, 3]},
        label: {
          show: !frame.narrow || data.change_points.length <= 2,
          position: 'end',
          color: p.second,
          fontSize: 11,
          formatter: day(point.date),
        },
      });
    });
    const option = base(frame);
    option.grid = {left: 4, right: frame.narrow ? 8 : 100, top: 26, bottom: frame.live ? 46 : 4, containLabel: true};
    const x = categoryAxis(frame, data.dates);
    x.axisLabel = {
      color: p.muted,
      interval: function (index: number) {
        return ticks[index] !== undefined;
      },
      formatter: function (_value: string, index: number) {
        return ticks[index] || '';
      },
    };
    x.axisTick = {
      show: true,
      alignWithLabel: true,
      length: 4,
      lineStyle: {color: p.muted},
      interval: function (index: number) {
        return ticks[index] !== undefined;
      },
    };
    option.xAxis = x;
    const y = valueAxis(frame, most, bytes);
    option.yAxis = y;
    option.series = [
      {
        type: 'bar', // days that nobody watched, as columns of the whole height
        name: data.labels.hours,
        data: data.bytes.map(function (v) {
          return v === null ? y.max : null;
        }),
        barWidth: '101%',
        barGap: '-100%',
        silent: true,
        itemStyle: {color: p.gap},
      },
      {
        type: 'bar',
        name: data.labels.bytes,
        data: data.bytes,
        barWidth: data.dates.length > 200 ? '90%' : '80%',
        barGap: '-100%',
        itemStyle: {color: p.fill},
        markLine: {symbol: 'none', silent: true, animation: false, data: marks},
      },
    ];
    if (frame.live) {
      const tip = tooltip(frame);
      tip.trigger = 'axis';
      tip.axisPointer = {type: 'shadow', shadowStyle: {color: p.band}};
      tip.formatter = function (items: Array<{dataIndex: number}>) {
        const i = items[0].dataIndex;
        const value = data.bytes[i];
        return (
          '<strong>' + escaped(data.dates[i]) + '</strong><br>' + (value === null ? '–' : bytes(value)) +
          '<br><small>' + escaped(data.labels.hours) + ': ' + (data.hours[i] || 0) + '</small>'
        );
      };
      option.tooltip = tip;
      option.dataZoom = [
        {type: 'inside', zoomOnMouseWheel: 'ctrl', moveOnMouseMove: false, preventDefaultMouseMove: false},
        {
          type: 'slider',
          height: 18,
          bottom: 6,
          borderColor: p.grid,
          fillerColor: p.band,
          dataBackground: {lineStyle: {color: p.muted}, areaStyle: {color: p.grid}},
          handleStyle: {color: p.surface, borderColor: p.muted},
          textStyle: {color: p.muted},
          brushSelect: false,
        },
      ];
    }
    return option;
  },
};
